-- Group sessions and their places.

-- +goose Up

-- For how many customers at once. More than 1: the service is booked as places in group sessions. Programs that do not know the column
-- leave it.
ALTER TABLE services ADD COLUMN capacity integer NOT NULL DEFAULT 1 CHECK (capacity BETWEEN 1 AND 500);

CREATE TABLE group_sessions (
    salon_id              uuid        NOT NULL REFERENCES salons (id),
    -- A UUIDv7. The claims of the session have it as their appointment.
    id                    uuid        NOT NULL,
    service_id            uuid        NOT NULL,
    service_name          text        NOT NULL,
    master_id             uuid        NOT NULL,
    state                 text        NOT NULL CHECK (state IN ('SCHEDULED', 'CANCELLED')),
    start_time            timestamptz NOT NULL,
    end_time              timestamptz NOT NULL CHECK (end_time > start_time),
    time_zone             text        NOT NULL,
    capacity              integer     NOT NULL CHECK (capacity BETWEEN 1 AND 500),
    -- What a place costs.
    price_minor           integer     NOT NULL CHECK (price_minor >= 0),
    currency              text        NOT NULL,
    -- As in segments: those of the offering when the session was opened; NULL: work from start to end, without resources.
    phases                jsonb,
    buffer_before_minutes integer     NOT NULL CHECK (buffer_before_minutes >= 0),
    buffer_after_minutes  integer     NOT NULL CHECK (buffer_after_minutes >= 0),
    -- The resources that were asked for; the claims have those that it takes.
    resource_ids          uuid[]      NOT NULL,
    cancel_reason         text        NOT NULL DEFAULT '',
    version               bigint      NOT NULL CHECK (version >= 1),
    create_time           timestamptz NOT NULL,
    update_time           timestamptz NOT NULL,
    PRIMARY KEY (salon_id, id),
    FOREIGN KEY (salon_id, service_id) REFERENCES services (salon_id, id)
);
CREATE UNIQUE INDEX group_sessions_id ON group_sessions (id);
CREATE INDEX group_sessions_start ON group_sessions (salon_id, start_time, id);

-- The places that are taken. Whoever takes one holds the advisory lock of the session.
CREATE TABLE group_places (
    salon_id       uuid    NOT NULL,
    session_id     uuid    NOT NULL,
    -- From 1 to the capacity of the session.
    number         integer NOT NULL CHECK (number >= 1),
    -- The appointment, or that which a hold will be.
    appointment_id uuid    NOT NULL,
    -- The customer; NULL: a hold for somebody who is not known.
    customer_id    uuid,
    -- Until when a hold keeps it; NULL: it is booked.
    expire_time    timestamptz,
    PRIMARY KEY (salon_id, session_id, number),
    CONSTRAINT group_places_appointment UNIQUE (salon_id, appointment_id),
    CONSTRAINT group_places_one_a_customer UNIQUE (salon_id, session_id, customer_id),
    FOREIGN KEY (salon_id, session_id) REFERENCES group_sessions (salon_id, id)
);

-- Programs that do not know the columns leave them.
ALTER TABLE appointments ADD COLUMN group_session_id uuid;
ALTER TABLE appointment_history
    ADD COLUMN group_session_before uuid,
    ADD COLUMN group_session_after  uuid;

-- The claims of a session have neither a segment nor an end.
ALTER TABLE claims
    DROP CONSTRAINT claims_of_segment_or_hold,
    ADD CONSTRAINT claims_of_segment_hold_or_session CHECK (segment_id IS NULL OR expire_time IS NULL) NOT VALID;

-- +goose Down

DELETE FROM claims WHERE segment_id IS NULL AND expire_time IS NULL;
ALTER TABLE claims
    DROP CONSTRAINT claims_of_segment_hold_or_session,
    ADD CONSTRAINT claims_of_segment_or_hold CHECK ((segment_id IS NULL) = (expire_time IS NOT NULL)) NOT VALID;
ALTER TABLE appointment_history
    DROP COLUMN group_session_after,
    DROP COLUMN group_session_before;
ALTER TABLE appointments DROP COLUMN group_session_id;
DROP TABLE group_places;
DROP TABLE group_sessions;
ALTER TABLE services DROP COLUMN capacity;

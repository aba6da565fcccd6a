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
    -- The freed time for which it is kept until the waitlist was asked; NULL: it is not.
    freed_id       uuid CHECK (freed_id IS NULL OR expire_time IS NOT NULL),
    PRIMARY KEY (salon_id, session_id, number),
    CONSTRAINT group_places_appointment UNIQUE (salon_id, appointment_id),
    CONSTRAINT group_places_one_a_customer UNIQUE (salon_id, session_id, customer_id),
    FOREIGN KEY (salon_id, session_id) REFERENCES group_sessions (salon_id, id)
);

CREATE INDEX group_places_kept ON group_places (salon_id, freed_id) WHERE freed_id IS NOT NULL;

-- keep_places keeps places that are free, for 30 seconds, when somebody waits in the salon on that date, as keep_freed does with claims. It
-- runs when the transaction commits.
-- +goose StatementBegin
CREATE PROCEDURE keep_places(salon uuid, session uuid, numbers integer[]) LANGUAGE plpgsql AS $$
DECLARE
    owner uuid;
    g     group_sessions;
    free  integer[];
BEGIN
    SELECT * INTO g FROM group_sessions WHERE salon_id = salon AND id = session AND state = 'SCHEDULED' AND start_time > clock_timestamp();
    IF NOT FOUND OR NOT EXISTS (
        SELECT FROM waitlist_entries e WHERE e.salon_id = salon AND e.state = 'WAITING'
            AND e.end_date >= g.start_time::date - 1 AND e.start_date <= g.start_time::date + 1) THEN
        RETURN;
    END IF;
    SELECT array_agg(n) INTO free FROM unnest(numbers) AS n WHERE n <= g.capacity
        AND NOT EXISTS (SELECT FROM group_places p WHERE p.salon_id = salon AND p.session_id = session AND p.number = n);
    IF free IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO freed_times AS f (salon_id, id, from_time, to_time)
    VALUES (salon, gen_random_uuid(), g.start_time, g.end_time)
    ON CONFLICT (salon_id, xid) DO UPDATE
        SET from_time = least(f.from_time, EXCLUDED.from_time), to_time = greatest(f.to_time, EXCLUDED.to_time)
    RETURNING id INTO owner;
    INSERT INTO group_places (salon_id, session_id, number, appointment_id, expire_time, freed_id)
    SELECT salon, session, n, gen_random_uuid(), clock_timestamp() + interval '30 seconds', owner FROM unnest(free) AS n;
END
$$;
CREATE FUNCTION keep_freed_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CALL keep_places(OLD.salon_id, OLD.session_id, ARRAY[OLD.number]);
    RETURN NULL;
END
$$;
CREATE FUNCTION keep_new_places() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    numbers integer[] := ARRAY(SELECT generate_series(OLD.capacity + 1, NEW.capacity));
BEGIN
    CALL keep_places(NEW.salon_id, NEW.id, numbers);
    RETURN NULL;
END
$$;
CREATE FUNCTION offer_new_session() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    numbers integer[] := ARRAY(SELECT generate_series(1, NEW.capacity));
BEGIN
    CALL keep_places(NEW.salon_id, NEW.id, numbers);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER group_places_keep AFTER DELETE ON group_places DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.freed_id IS NULL) EXECUTE FUNCTION keep_freed_place();
CREATE CONSTRAINT TRIGGER group_sessions_keep AFTER UPDATE ON group_sessions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.capacity > OLD.capacity) EXECUTE FUNCTION keep_new_places();
CREATE CONSTRAINT TRIGGER group_sessions_offer AFTER INSERT ON group_sessions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION offer_new_session();

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
DROP FUNCTION keep_freed_place, keep_new_places, offer_new_session;
DROP PROCEDURE keep_places;
ALTER TABLE services DROP COLUMN capacity;

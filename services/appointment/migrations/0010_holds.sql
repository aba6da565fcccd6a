-- Holds: time that is kept for somebody until an instant.

-- +goose Up

ALTER TABLE salons
    ADD COLUMN max_holds integer NOT NULL DEFAULT 3 CHECK (max_holds BETWEEN 1 AND 100);

CREATE TABLE holds (
    salon_id       uuid NOT NULL REFERENCES salons (id),
    id             uuid NOT NULL,
    -- The id of the appointment that is booked with it. The claims have it already, so what must not see them as taken names it.
    appointment_id uuid NOT NULL,
    -- Who made it: an account, or NULL for somebody who is not signed in.
    account_id     uuid,
    -- Whose holds are counted together: the customer, or what stands for an address. NULL: nobody's, because staff made it.
    holder_id      uuid,
    -- The customer whose time it keeps; NULL: nobody's.
    customer_id    uuid,
    state          text NOT NULL CHECK (state IN ('ACTIVE', 'BOOKED', 'RELEASED', 'EXPIRED')),
    start_time     timestamptz NOT NULL,
    end_time       timestamptz NOT NULL CHECK (end_time > start_time),
    currency       text NOT NULL,
    -- What is booked, as it was quoted.
    quote          bytea NOT NULL,
    -- The names of the services, in their order.
    service_names  text[] NOT NULL,
    -- Whether the customer may have something else then.
    overlap        boolean NOT NULL,
    expire_time    timestamptz NOT NULL,
    extended       boolean NOT NULL DEFAULT false,
    version        bigint NOT NULL DEFAULT 1,
    create_time    timestamptz NOT NULL,
    update_time    timestamptz NOT NULL,
    PRIMARY KEY (salon_id, id)
);
CREATE UNIQUE INDEX holds_id ON holds (id);
CREATE INDEX holds_expiring ON holds (expire_time, id) WHERE state = 'ACTIVE';
CREATE INDEX holds_of_account ON holds (account_id);
CREATE INDEX holds_of_customer ON holds (customer_id);
CREATE INDEX holds_of_holder ON holds (salon_id, holder_id) WHERE state = 'ACTIVE';

-- A claim of a hold has no segment yet. The time until which it counts is not in the index of the exclusion constraint: that would be
-- made anew under a lock that stops all bookings. The few claims that expire have an index of their own.
ALTER TABLE claims
    ALTER COLUMN segment_id DROP NOT NULL,
    ADD COLUMN expire_time timestamptz,
    ADD CONSTRAINT claims_of_segment_or_hold CHECK ((segment_id IS NULL) = (expire_time IS NOT NULL)) NOT VALID;
CREATE INDEX claims_expiring ON claims (salon_id, expire_time) WHERE expire_time IS NOT NULL;

-- +goose Down

DELETE FROM claims WHERE expire_time IS NOT NULL;
DROP INDEX claims_expiring;
ALTER TABLE claims
    DROP CONSTRAINT claims_of_segment_or_hold,
    DROP COLUMN expire_time,
    ALTER COLUMN segment_id SET NOT NULL;
DROP TABLE holds;
ALTER TABLE salons DROP COLUMN max_holds;

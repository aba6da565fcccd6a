-- The waitlist: who waits for a time, what is offered, and time that has become free while somebody waits.

-- +goose Up

ALTER TABLE salons
    ADD COLUMN waitlist_offer_minutes integer NOT NULL DEFAULT 20 CHECK (waitlist_offer_minutes BETWEEN 5 AND 1440);

CREATE TABLE waitlist_entries (
    salon_id       uuid NOT NULL REFERENCES salons (id),
    id             uuid NOT NULL,
    customer_id    uuid NOT NULL,
    state          text NOT NULL CHECK (state IN ('WAITING', 'OFFERED', 'BOOKED', 'LEFT', 'EXPIRED')),
    leave_cause    text CHECK (leave_cause IN ('CUSTOMER', 'STAFF', 'UNANSWERED', 'ERASED')),
    -- The wish: CreateWaitlistEntryRequest as JSON. The local dates are columns too.
    wish           jsonb NOT NULL,
    start_date     date NOT NULL,
    end_date       date NOT NULL,
    -- The line is in the order of turn, create_time and id.
    turn           bigint NOT NULL,
    -- How many offers have expired without an answer.
    unanswered     integer NOT NULL DEFAULT 0,
    appointment_id uuid,
    -- Whether the entry began to wait since the line was last gone through: what was free before is looked at too.
    fresh          boolean NOT NULL DEFAULT true,
    version        bigint NOT NULL,
    create_time    timestamptz NOT NULL,
    update_time    timestamptz NOT NULL,
    PRIMARY KEY (salon_id, id),
    FOREIGN KEY (salon_id, customer_id) REFERENCES customers (salon_id, id),
    CHECK ((state = 'LEFT') = (leave_cause IS NOT NULL)),
    CHECK ((state = 'BOOKED') = (appointment_id IS NOT NULL))
);
CREATE UNIQUE INDEX waitlist_entries_id ON waitlist_entries (id);
CREATE INDEX waitlist_entries_customer ON waitlist_entries (customer_id);
CREATE INDEX waitlist_entries_line ON waitlist_entries (salon_id, turn, create_time, id) WHERE state IN ('WAITING', 'OFFERED');
-- What the transaction that frees time looks at.
CREATE INDEX waitlist_entries_waiting ON waitlist_entries (salon_id, end_date) WHERE state = 'WAITING';

CREATE INDEX waitlist_entries_fresh ON waitlist_entries (salon_id) WHERE state = 'WAITING' AND fresh;

CREATE TABLE waitlist_offers (
    salon_id    uuid NOT NULL,
    entry_id    uuid NOT NULL,
    hold_id     uuid NOT NULL PRIMARY KEY,
    state       text NOT NULL CHECK (state IN ('OPEN', 'BOOKED', 'DECLINED', 'EXPIRED')),
    start_time  timestamptz NOT NULL,
    end_time    timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    create_time timestamptz NOT NULL,
    FOREIGN KEY (salon_id, entry_id) REFERENCES waitlist_entries (salon_id, id) ON DELETE CASCADE
);
-- An entry has one offer at a time.
CREATE UNIQUE INDEX waitlist_offers_open ON waitlist_offers (entry_id) WHERE state = 'OPEN';
CREATE INDEX waitlist_offers_entry ON waitlist_offers (salon_id, entry_id);

-- How positions in the line were changed by staff.
CREATE TABLE waitlist_moves (
    salon_id      uuid NOT NULL,
    entry_id      uuid NOT NULL,
    create_time   timestamptz NOT NULL,
    actor         text NOT NULL,
    account_id    uuid,
    from_position integer NOT NULL,
    to_position   integer NOT NULL,
    reason        text NOT NULL,
    FOREIGN KEY (salon_id, entry_id) REFERENCES waitlist_entries (salon_id, id) ON DELETE CASCADE
);
CREATE INDEX waitlist_moves_entry ON waitlist_moves (salon_id, entry_id, create_time);

-- The salons where somebody waits, or has waited: when their line was last gone through, and by which rules.
CREATE TABLE waitlist_lines (
    salon_id      uuid PRIMARY KEY REFERENCES salons (id),
    rules_version bigint NOT NULL DEFAULT 0,
    -- By the clock of the database.
    check_time    timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Time that a transaction has freed, until the line was gone through. The claims with the id as appointment_id keep the time.
CREATE TABLE freed_times (
    salon_id    uuid NOT NULL,
    id          uuid NOT NULL PRIMARY KEY,
    xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
    -- What was freed lies in [from_time, to_time).
    from_time   timestamptz NOT NULL,
    to_time     timestamptz NOT NULL,
    create_time timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (salon_id, xid)
);

-- The entry of the waitlist that a hold is offered to; NULL: it is no offer.
ALTER TABLE holds ADD COLUMN entry_id uuid;

-- Whether the claim keeps freed time until the waitlist was asked.
ALTER TABLE claims ADD COLUMN kept boolean NOT NULL DEFAULT false;

-- keep_freed keeps what a transaction has freed, for 30 seconds, when somebody waits in the salon on that date. It runs when the transaction
-- commits, under the locks that the transaction has: what was taken again is not free, and nobody gets the time in between.
-- +goose StatementBegin
CREATE FUNCTION keep_freed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner uuid;
    free  tstzmultirange;
BEGIN
    IF upper(OLD.during) <= clock_timestamp() OR NOT EXISTS (
        SELECT FROM waitlist_entries e WHERE e.salon_id = OLD.salon_id AND e.state = 'WAITING'
            -- No zone is more than a day from UTC.
            AND e.end_date >= lower(OLD.during)::date - 1 AND e.start_date <= upper(OLD.during)::date + 1) THEN
        RETURN NULL;
    END IF;
    SELECT tstzmultirange(OLD.during) - coalesce(range_agg(c.during), '{}') INTO free FROM (
        SELECT c.during FROM claims c WHERE c.salon_id = OLD.salon_id AND c.subject_id = OLD.subject_id
            AND c.subject_kind = OLD.subject_kind AND c.during && OLD.during AND c.blocking
        UNION ALL
        SELECT c.during FROM claims c WHERE c.salon_id = OLD.salon_id AND c.subject_id = OLD.subject_id
            AND c.subject_kind = OLD.subject_kind AND c.during && OLD.during AND NOT c.blocking) AS c;
    IF isempty(free) THEN
        RETURN NULL;
    END IF;
    INSERT INTO freed_times AS f (salon_id, id, from_time, to_time)
    VALUES (OLD.salon_id, gen_random_uuid(), lower(free), upper(free))
    ON CONFLICT (salon_id, xid) DO UPDATE
        SET from_time = least(f.from_time, EXCLUDED.from_time), to_time = greatest(f.to_time, EXCLUDED.to_time)
    RETURNING id INTO owner;
    INSERT INTO claims (salon_id, id, subject_id, subject_kind, during, blocking, appointment_id, expire_time, kept)
    SELECT OLD.salon_id, gen_random_uuid(), OLD.subject_id, OLD.subject_kind, r, true, owner, clock_timestamp() + interval '30 seconds', true
    FROM unnest(free) AS r;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER claims_keep_freed AFTER DELETE ON claims DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NOT OLD.kept AND OLD.subject_kind <> 'CUSTOMER') EXECUTE FUNCTION keep_freed();

-- +goose Down

DROP TRIGGER claims_keep_freed ON claims;
DROP FUNCTION keep_freed();
DELETE FROM claims WHERE kept;
ALTER TABLE claims DROP COLUMN kept;
ALTER TABLE holds DROP COLUMN entry_id;
DROP TABLE freed_times;
DROP TABLE waitlist_lines;
DROP TABLE waitlist_moves;
DROP TABLE waitlist_offers;
DROP TABLE waitlist_entries;
ALTER TABLE salons DROP COLUMN waitlist_offer_minutes;

-- Who goes through the line of a salon, and what programs of before leave behind in group sessions.

-- +goose Up

-- In the order in which programs lock them. Reads go on, and writes wait.
LOCK TABLE holds, waitlist_entries, appointments IN SHARE ROW EXCLUSIVE MODE;

-- A worker has a line until an instant, and puts that off while it goes through the line. Whoever finds it passed takes the line over.
ALTER TABLE waitlist_lines
    ADD COLUMN worker_id    uuid, -- NULL: nobody goes through it
    -- By the clock of the database. Without a worker: when the line was left, or from when on it may be gone through again.
    ADD COLUMN worker_until timestamptz;

-- Entries that have ended are removed by the time of their end.
CREATE INDEX waitlist_entries_ended ON waitlist_entries (update_time) WHERE state NOT IN ('WAITING', 'OFFERED');

-- A program that does not know of places ends holds and cancels or moves appointments all the same. The places follow, and are kept for the
-- waitlist as always.
-- +goose StatementBegin
CREATE FUNCTION free_place_of_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM group_places WHERE salon_id = NEW.salon_id AND appointment_id = NEW.appointment_id;
    RETURN NULL;
END
$$;
CREATE FUNCTION free_place_of_appointment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM group_places WHERE salon_id = NEW.salon_id AND appointment_id = NEW.id;
    RETURN NULL;
END
$$;
-- An appointment that moves without its session is a place no more. A session that moves is written before its appointments.
CREATE FUNCTION leave_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM group_sessions g
        WHERE g.salon_id = NEW.salon_id AND g.id = NEW.group_session_id AND g.start_time = NEW.start_time) THEN
        DELETE FROM group_places WHERE salon_id = NEW.salon_id AND appointment_id = NEW.id;
        NEW.group_session_id := NULL;
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER holds_free_place AFTER UPDATE OF state ON holds
    FOR EACH ROW WHEN (OLD.state = 'ACTIVE' AND NEW.state <> 'ACTIVE') EXECUTE FUNCTION free_place_of_hold();
CREATE TRIGGER appointments_free_place AFTER UPDATE OF state ON appointments
    FOR EACH ROW WHEN (NEW.group_session_id IS NOT NULL AND NEW.state NOT IN ('PENDING', 'CONFIRMED', 'COMPLETED'))
    EXECUTE FUNCTION free_place_of_appointment();
CREATE TRIGGER appointments_leave_session BEFORE UPDATE OF start_time ON appointments
    FOR EACH ROW WHEN (NEW.group_session_id = OLD.group_session_id AND NEW.start_time <> OLD.start_time) EXECUTE FUNCTION leave_session();

-- What was left behind before.
DELETE FROM group_places p USING appointments a WHERE a.salon_id = p.salon_id AND a.id = p.appointment_id
    AND (a.state NOT IN ('PENDING', 'CONFIRMED', 'COMPLETED') OR a.group_session_id IS NULL);
DELETE FROM group_places p WHERE p.expire_time IS NOT NULL AND p.freed_id IS NULL
    AND NOT EXISTS (SELECT FROM holds h WHERE h.salon_id = p.salon_id AND h.appointment_id = p.appointment_id AND h.state = 'ACTIVE');

-- +goose Down

DROP TRIGGER appointments_leave_session ON appointments;
DROP TRIGGER appointments_free_place ON appointments;
DROP TRIGGER holds_free_place ON holds;
DROP FUNCTION leave_session, free_place_of_appointment, free_place_of_hold;
DROP INDEX waitlist_entries_ended;
ALTER TABLE waitlist_lines
    DROP COLUMN worker_until,
    DROP COLUMN worker_id;

-- The free places of a group session that is moved are kept for the waitlist, as those of a new one are.

-- +goose Up

-- +goose StatementBegin
CREATE FUNCTION keep_moved_places() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    numbers integer[] := ARRAY(SELECT generate_series(1, NEW.capacity));
BEGIN
    CALL keep_places(NEW.salon_id, NEW.id, numbers);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER group_sessions_moved AFTER UPDATE ON group_sessions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.start_time <> OLD.start_time) EXECUTE FUNCTION keep_moved_places();

-- +goose Down

DROP TRIGGER group_sessions_moved ON group_sessions;
DROP FUNCTION keep_moved_places();

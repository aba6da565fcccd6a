-- The free places of a group session that is moved are kept for the waitlist, as those of a new one are.

-- +goose Up

-- The function that keeps all places of a new session does it for a moved one too. Triggers follow a renamed function.
ALTER FUNCTION offer_new_session() RENAME TO keep_all_places;
CREATE CONSTRAINT TRIGGER group_sessions_moved AFTER UPDATE ON group_sessions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.start_time <> OLD.start_time) EXECUTE FUNCTION keep_all_places();

-- +goose Down

DROP TRIGGER group_sessions_moved ON group_sessions;
ALTER FUNCTION keep_all_places() RENAME TO offer_new_session;

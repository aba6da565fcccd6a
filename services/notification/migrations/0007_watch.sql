-- +goose NO TRANSACTION
-- The stream of notifications: where a stream stands, and tickets that open one.
--
-- The index is built without keeping anybody from writing, which is not possible in a transaction. So each statement can be repeated: an attempt that
-- was interrupted is repeated as a whole.

-- +goose Up

-- The transaction that has written the row last. Transactions commit in another order than they begin, so a stream keeps a snapshot as its
-- place: it has been told of the rows that are visible in it. A default and a trigger set it, so that programs that do not know the column do too. Rows
-- from before have none. The default is set separately, so that the table is not written anew.
ALTER TABLE notifications ADD COLUMN IF NOT EXISTS xid xid8;
ALTER TABLE notifications ALTER COLUMN xid SET DEFAULT pg_current_xact_id();

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION notifications_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.xid := pg_current_xact_id();
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE OR REPLACE TRIGGER notifications_changed BEFORE UPDATE ON notifications FOR EACH ROW EXECUTE FUNCTION notifications_changed();

DROP INDEX IF EXISTS notifications_xid; -- not valid: of an attempt that was interrupted
CREATE INDEX CONCURRENTLY notifications_xid ON notifications (xid) WHERE xid IS NOT NULL;

CREATE TABLE IF NOT EXISTS watch_tickets (
    hash        bytea       PRIMARY KEY, -- SHA-256 of the ticket
    account_id  uuid,
    session_id  uuid,
    request     bytea       NOT NULL,    -- WatchNotificationsRequest, which has nothing in it
    expire_time timestamptz NOT NULL,
    use_time    timestamptz              -- NULL: not used
);
CREATE INDEX IF NOT EXISTS watch_tickets_expire_time ON watch_tickets (expire_time);

-- +goose Down

DROP TABLE IF EXISTS watch_tickets;
DROP TRIGGER IF EXISTS notifications_changed ON notifications;
DROP FUNCTION IF EXISTS notifications_changed();
DROP INDEX IF EXISTS notifications_xid;
ALTER TABLE notifications DROP COLUMN IF EXISTS xid;

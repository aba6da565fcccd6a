-- The stream of notifications: where a stream stands, and tickets that open one.

-- +goose Up

-- The transaction that has written the row last. Transactions commit in another order than they begin, so a stream keeps a snapshot as its
-- place: it has been told of the rows that are visible in it. A default and a trigger set it, so that programs that do not know the column do too. Rows
-- from before have none. The default is set separately, so that the table is not written anew.
ALTER TABLE notifications ADD COLUMN xid xid8;
ALTER TABLE notifications ALTER COLUMN xid SET DEFAULT pg_current_xact_id();
CREATE INDEX notifications_xid ON notifications (xid) WHERE xid IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION notifications_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.xid := pg_current_xact_id();
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER notifications_changed BEFORE UPDATE ON notifications FOR EACH ROW EXECUTE FUNCTION notifications_changed();

CREATE TABLE watch_tickets (
    hash        bytea       PRIMARY KEY, -- SHA-256 of the ticket
    account_id  uuid,
    session_id  uuid,
    request     bytea       NOT NULL,    -- WatchNotificationsRequest, which has nothing in it
    expire_time timestamptz NOT NULL,
    use_time    timestamptz              -- NULL: not used
);
CREATE INDEX watch_tickets_expire_time ON watch_tickets (expire_time);

-- +goose Down

DROP TABLE watch_tickets;
DROP TRIGGER notifications_changed ON notifications;
DROP FUNCTION notifications_changed();
DROP INDEX notifications_xid;
ALTER TABLE notifications DROP COLUMN xid;

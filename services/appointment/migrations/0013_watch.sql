-- Streams of changes: where a stream stands, and tickets that open one.

-- +goose Up

-- The transaction that has appended the row. Transactions commit in another order than they begin, so a stream keeps a snapshot as its
-- place: it has been told of the rows that are visible in it. Programs that do not know the column leave it to the default; rows from
-- before have none. The default is set separately, so that the table is not written anew.
ALTER TABLE outbox ADD COLUMN xid xid8;
ALTER TABLE outbox ALTER COLUMN xid SET DEFAULT pg_current_xact_id();
CREATE INDEX outbox_xid ON outbox (xid) WHERE xid IS NOT NULL;

CREATE TABLE watch_tickets (
    hash        bytea       PRIMARY KEY, -- SHA-256 of the ticket
    account_id  uuid,                    -- NULL: nobody was signed in
    session_id  uuid,
    request     bytea       NOT NULL,    -- IssueWatchTicketRequest
    expire_time timestamptz NOT NULL,
    use_time    timestamptz              -- NULL: not used
);
CREATE INDEX watch_tickets_expire_time ON watch_tickets (expire_time);

-- +goose Down

DROP TABLE watch_tickets;
DROP INDEX outbox_xid;
ALTER TABLE outbox DROP COLUMN xid;

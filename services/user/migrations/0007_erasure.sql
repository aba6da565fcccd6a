-- Erased accounts, and how far each service is with them.

-- +goose Up

-- When the account was erased; null: not. The row stays, without anything of the person, for what refers to it. Programs that
-- do not know the column find a disabled account.
ALTER TABLE users ADD COLUMN erase_time timestamptz;

-- The receipts.
CREATE TABLE erasures (
    -- Random: whoever knows it may read the receipt.
    id           uuid        PRIMARY KEY,
    account_id   uuid        NOT NULL CONSTRAINT erasures_account_id_key UNIQUE REFERENCES users (id),
    request_time timestamptz NOT NULL
);
CREATE TABLE erasure_services (
    erasure_id    uuid        NOT NULL REFERENCES erasures (id),
    service       text        NOT NULL CHECK (service <> ''),
    -- When the service was done; null: it is not.
    complete_time timestamptz,
    -- What it removed: [{"kind": "sessions", "count": 2}].
    removed       jsonb       NOT NULL CHECK (jsonb_typeof(removed) = 'array'),
    -- How often it was tried, and when the next try may begin: a try under way moves that time ahead.
    attempts      integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt  timestamptz NOT NULL,
    PRIMARY KEY (erasure_id, service)
);
CREATE INDEX erasure_services_pending ON erasure_services (next_attempt) WHERE complete_time IS NULL;

-- +goose Down

DROP TABLE erasure_services;
DROP TABLE erasures;
ALTER TABLE users DROP COLUMN erase_time;

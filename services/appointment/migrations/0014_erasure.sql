-- Accounts that were erased, and the customers that were theirs.

-- +goose Up

CREATE TABLE erased_accounts (
    account_id  uuid        PRIMARY KEY,
    erase_time  timestamptz NOT NULL,
    -- What was removed, for the receipt: [{"kind": "appointments cancelled", "count": 2}].
    removed     jsonb       NOT NULL CHECK (jsonb_typeof(removed) = 'array')
);

-- When the person was erased; null: not. Such a row has no account, and a name that is nobody's. Programs that do not know
-- the column leave it.
ALTER TABLE customers ADD COLUMN erase_time timestamptz;

-- +goose Down

ALTER TABLE customers DROP COLUMN erase_time;
DROP TABLE erased_accounts;

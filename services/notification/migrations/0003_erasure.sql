-- Accounts that were erased: what would bring their person back, such as an event from before, is refused.

-- +goose Up

CREATE TABLE erased_accounts (
    account_id  uuid        PRIMARY KEY,
    erase_time  timestamptz NOT NULL,
    -- What was removed, for the receipt: [{"kind": "appointments cancelled", "count": 2}].
    removed     jsonb       NOT NULL CHECK (jsonb_typeof(removed) = 'array')
);

-- +goose Down

DROP TABLE erased_accounts;

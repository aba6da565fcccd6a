-- The statements that were given up because their connection was lost. One that arrives late must not book: somebody has
-- been told by then that it has not. Rows are removed after a day.

-- +goose Up

CREATE TABLE abandoned_attempts (
    id          uuid        PRIMARY KEY,
    create_time timestamptz NOT NULL
);

-- +goose Down

DROP TABLE abandoned_attempts;

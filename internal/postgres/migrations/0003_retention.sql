-- When the version of an aggregate was last raised, so that rows can go once nothing older can arrive.

-- +goose Up

-- The rows from before count from this migration on. The default does not write the table anew. Programs that do not know the column
-- leave it.
ALTER TABLE aggregate_versions ADD COLUMN raised_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX aggregate_versions_raised_at ON aggregate_versions (raised_at);

-- +goose Down
ALTER TABLE aggregate_versions DROP COLUMN raised_at;

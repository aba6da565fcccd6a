-- Services are sorted, and their names compared, as people expect it (Unicode's root
-- collation), whatever the locale of the cluster is. The indexes follow.

-- +goose Up
ALTER TABLE services
    ALTER COLUMN name TYPE text COLLATE "und-x-icu",
    ALTER COLUMN category TYPE text COLLATE "und-x-icu";

-- +goose Down
ALTER TABLE services
    ALTER COLUMN name TYPE text COLLATE "default",
    ALTER COLUMN category TYPE text COLLATE "default";

-- Which profile of a master the offerings belong to: a profile that is made again has none of the former one's.

-- +goose Up

-- As the user service says; not known before the next change of the master. Programs that do not know the column leave it.
ALTER TABLE masters ADD COLUMN profile_time timestamptz NOT NULL DEFAULT 'epoch';

-- +goose Down

ALTER TABLE masters DROP COLUMN profile_time;

-- When the present profile of a master was made, first or again.

-- +goose Up

-- Of profiles from before, that is not known. Programs that do not know the column leave it.
ALTER TABLE masters ADD COLUMN profile_time timestamptz NOT NULL DEFAULT 'epoch';

-- +goose Down
ALTER TABLE masters DROP COLUMN profile_time;

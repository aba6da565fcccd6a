-- Holds that ended long ago are found without reading all that have ended. The table has the holds of a month, so the index is made while
-- its writers wait: it may be a table with partitions, of which no index can be made concurrently.

-- +goose Up

CREATE INDEX holds_ended ON holds (update_time) WHERE state <> 'ACTIVE';

-- +goose Down

DROP INDEX holds_ended;

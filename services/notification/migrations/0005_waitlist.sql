-- Notifications of offers of a waitlist.

-- +goose Up

-- Until when the offered time is held; NULL for all other events. Programs that do not know the column leave it.
ALTER TABLE notifications ADD COLUMN offer_expire_time timestamptz CHECK (isfinite(offer_expire_time));

-- +goose Down

ALTER TABLE notifications DROP COLUMN offer_expire_time;

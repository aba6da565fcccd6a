-- Notifications of offers of a waitlist.

-- +goose Up

-- Until when the offered time is held; NULL for all other events. Programs that do not know the column leave it.
ALTER TABLE notifications
    ADD COLUMN offer_expire_time timestamptz,
    ADD CONSTRAINT notifications_offer_expire_time_check CHECK (isfinite(offer_expire_time)) NOT VALID,
    DROP CONSTRAINT notifications_about_something,
    ADD CONSTRAINT notifications_about_something
        CHECK (appointment_id IS NOT NULL OR rating_id IS NOT NULL OR offer_expire_time IS NOT NULL) NOT VALID;

-- +goose Down

DELETE FROM notifications WHERE offer_expire_time IS NOT NULL;
ALTER TABLE notifications
    DROP CONSTRAINT notifications_about_something,
    ADD CONSTRAINT notifications_about_something CHECK (appointment_id IS NOT NULL OR rating_id IS NOT NULL) NOT VALID,
    DROP COLUMN offer_expire_time;

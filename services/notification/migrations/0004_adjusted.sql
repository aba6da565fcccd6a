-- Notifications of appointments whose end has changed.

-- +goose Up

-- When the appointment ends, as of the event; NULL for all other events. Programs that do not know the column leave it.
ALTER TABLE notifications ADD COLUMN appointment_end timestamptz CHECK (isfinite(appointment_end));

-- +goose Down

ALTER TABLE notifications DROP COLUMN appointment_end;

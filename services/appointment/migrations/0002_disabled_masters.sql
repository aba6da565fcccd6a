-- A master whose account is locked takes no bookings.

-- +goose Up
ALTER TABLE masters ADD COLUMN disabled boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE masters DROP COLUMN disabled;

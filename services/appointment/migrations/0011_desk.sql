-- Desk work: appointments that staff overbook or adjust, and fees of late cancellations.

-- +goose Up

ALTER TABLE appointments
    -- Whether staff have booked it where a master or a resource was taken. Programs that do not know the column leave it.
    ADD COLUMN overbooked boolean NOT NULL DEFAULT false;
ALTER TABLE appointment_history
    -- Whether the appointment was overbooked after the change.
    ADD COLUMN overbooked boolean NOT NULL DEFAULT false;

-- +goose Down

ALTER TABLE appointment_history DROP COLUMN overbooked;
ALTER TABLE appointments DROP COLUMN overbooked;

-- Desk work: appointments that staff overbook or adjust, and fees of late cancellations.

-- +goose Up

ALTER TABLE appointments
    -- Whether staff have booked it where a master or a resource was taken. Programs that do not know the column leave it.
    ADD COLUMN overbooked boolean NOT NULL DEFAULT false,
    -- What the customer owes for a late cancellation or for not coming, in minor units, and why; both NULL for nothing.
    ADD COLUMN fee_minor  integer CHECK (fee_minor >= 0),
    ADD COLUMN fee_rule   text    CHECK (fee_rule IN ('LATE_CANCELLATION', 'NO_SHOW')),
    ADD COLUMN fee_waived boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT appointments_fee_has_rule CHECK ((fee_minor IS NULL) = (fee_rule IS NULL));
ALTER TABLE salons
    -- How much of the price is due, in percent.
    ADD COLUMN late_cancellation_fee_percent integer NOT NULL DEFAULT 0 CHECK (late_cancellation_fee_percent BETWEEN 0 AND 100),
    ADD COLUMN no_show_fee_percent           integer NOT NULL DEFAULT 0 CHECK (no_show_fee_percent BETWEEN 0 AND 100);
ALTER TABLE appointment_history
    -- Whether the appointment was overbooked after the change.
    ADD COLUMN overbooked boolean NOT NULL DEFAULT false,
    -- When the appointment ended before and after its end was changed; NULL for all other actions.
    ADD COLUMN end_before timestamptz,
    ADD COLUMN end_after  timestamptz;

-- +goose Down

ALTER TABLE appointment_history
    DROP COLUMN end_after,
    DROP COLUMN end_before,
    DROP COLUMN overbooked;
ALTER TABLE salons
    DROP COLUMN no_show_fee_percent,
    DROP COLUMN late_cancellation_fee_percent;
ALTER TABLE appointments
    DROP COLUMN fee_waived,
    DROP COLUMN fee_rule,
    DROP COLUMN fee_minor,
    DROP COLUMN overbooked;

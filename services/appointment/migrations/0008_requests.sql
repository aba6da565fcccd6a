-- What becomes of requests that the salon does not confirm.

-- +goose Up

-- Why an appointment is cancelled; NULL: somebody has cancelled it. Programs that do not know the column leave it.
ALTER TABLE appointments
    ADD COLUMN cancellation_cause text CHECK (cancellation_cause IN ('DECLINED')),
    ADD CONSTRAINT appointments_cancelled_for_a_cause CHECK (cancellation_cause IS NULL OR state = 'CANCELLED');

-- +goose Down

ALTER TABLE appointments DROP COLUMN cancellation_cause;

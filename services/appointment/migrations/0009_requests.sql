-- What becomes of requests that the salon does not confirm.

-- +goose Up

ALTER TABLE appointments
    -- Why an appointment is cancelled; NULL: somebody has cancelled it. Programs that do not know the columns leave them.
    ADD COLUMN cancellation_cause text CHECK (cancellation_cause IN ('DECLINED', 'LAPSED')),
    -- When the salon's time to confirm a request is over, and when the request lapses: then, or when it begins, if that is earlier.
    -- NULL: the request never lapses. Those from before this migration do not.
    ADD COLUMN timeout_time timestamptz,
    ADD COLUMN lapse_time   timestamptz,
    ADD CONSTRAINT appointments_cancelled_for_a_cause CHECK (cancellation_cause IS NULL OR state = 'CANCELLED');
CREATE INDEX appointments_lapse ON appointments (lapse_time, id) WHERE state = 'PENDING' AND lapse_time IS NOT NULL;

-- +goose Down

ALTER TABLE appointments
    DROP COLUMN lapse_time,
    DROP COLUMN timeout_time,
    DROP COLUMN cancellation_cause;

-- Appointments belong to salons and can have several masters, each of whom is rated once. Customers are a salon's rows and
-- may have an account. What exists belongs to the first salon, where customers keep the id of their account.

-- +goose Up

ALTER TABLE visits RENAME TO appointments;
ALTER TABLE appointments RENAME CONSTRAINT visits_pkey TO appointments_pkey;
ALTER TABLE appointments RENAME CONSTRAINT visits_state_check TO appointments_state_check;
ALTER TABLE appointments RENAME CONSTRAINT visits_complete_time_check TO appointments_complete_time_check;
ALTER TABLE appointments RENAME CONSTRAINT visits_version_check TO appointments_version_check;
ALTER TABLE appointments RENAME CONSTRAINT visits_check TO appointments_completed_has_time;
ALTER TABLE appointments
    ADD COLUMN salon_id   uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001',
    -- The customer's account. NULL: the customer has none.
    ADD COLUMN account_id uuid,
    -- The masters of the segments, in their order, each once. Only the first one is known of appointments from before this
    -- migration; their events and lookups add the others.
    ADD COLUMN master_ids uuid[],
    -- NULL: not known.
    ADD COLUMN end_time   timestamptz CHECK (isfinite(end_time));
UPDATE appointments SET account_id = customer_id, master_ids = ARRAY[master_id], end_time = complete_time;
ALTER TABLE appointments
    ALTER COLUMN salon_id DROP DEFAULT,
    ALTER COLUMN master_ids SET NOT NULL,
    ADD CONSTRAINT appointments_has_masters CHECK (cardinality(master_ids) > 0),
    DROP COLUMN master_id;

ALTER TABLE ratings
    ADD COLUMN salon_id   uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001',
    -- The author. customer_id is the author as the salon knows them.
    ADD COLUMN account_id uuid;
UPDATE ratings SET account_id = customer_id;
ALTER TABLE ratings
    ALTER COLUMN salon_id DROP DEFAULT,
    ALTER COLUMN account_id SET NOT NULL,
    DROP CONSTRAINT ratings_one_a_visit,
    -- Deleted ratings count, so that a master cannot be rated again for the same appointment.
    ADD CONSTRAINT ratings_one_a_master UNIQUE (appointment_id, master_id);
ALTER TABLE ratings RENAME CONSTRAINT ratings_tombstone_is_silent TO ratings_deleted_has_no_text;

-- +goose Down

-- This fails while an appointment has two ratings, because the old schema can keep only one of them.
ALTER TABLE ratings RENAME CONSTRAINT ratings_deleted_has_no_text TO ratings_tombstone_is_silent;
ALTER TABLE ratings
    DROP CONSTRAINT ratings_one_a_master,
    ADD CONSTRAINT ratings_one_a_visit UNIQUE (appointment_id);
UPDATE ratings SET customer_id = account_id;
ALTER TABLE ratings
    DROP COLUMN account_id,
    DROP COLUMN salon_id;

ALTER TABLE appointments ADD COLUMN master_id uuid;
UPDATE appointments SET master_id = master_ids[1], customer_id = coalesce(account_id, customer_id);
ALTER TABLE appointments
    ALTER COLUMN master_id SET NOT NULL,
    DROP COLUMN end_time,
    DROP COLUMN master_ids,
    DROP COLUMN account_id,
    DROP COLUMN salon_id;
ALTER TABLE appointments RENAME CONSTRAINT appointments_completed_has_time TO visits_check;
ALTER TABLE appointments RENAME CONSTRAINT appointments_version_check TO visits_version_check;
ALTER TABLE appointments RENAME CONSTRAINT appointments_complete_time_check TO visits_complete_time_check;
ALTER TABLE appointments RENAME CONSTRAINT appointments_state_check TO visits_state_check;
ALTER TABLE appointments RENAME CONSTRAINT appointments_pkey TO visits_pkey;
ALTER TABLE appointments RENAME TO visits;

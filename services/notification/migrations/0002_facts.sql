-- Notifications are stored as facts, and their text is made when they are read. Those that exist belong to the first salon
-- and keep their text.

-- +goose Up

ALTER TABLE notifications
    ALTER COLUMN title DROP NOT NULL,
    ALTER COLUMN body DROP NOT NULL,
    ADD COLUMN salon_id       uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001',
    -- Whether the recipient reads it as the customer; otherwise as a master.
    ADD COLUMN for_customer   boolean NOT NULL DEFAULT false,
    -- The customer as the salon knows them. NULL: the recipient may not learn who it is.
    ADD COLUMN customer_id    uuid,
    -- NULL: there are none.
    ADD COLUMN master_ids     uuid[],
    ADD COLUMN service_ids    uuid[],
    -- When the appointment began before it was moved.
    ADD COLUMN previous_start timestamptz CHECK (isfinite(previous_start)),
    -- The IANA name of the zone in which the start was promised. NULL: it is not about an appointment's time.
    ADD COLUMN time_zone      text CHECK (time_zone <> ''),
    -- The number of salon.appointment.v1.Actor; 0 when nobody is known.
    ADD COLUMN actor          smallint NOT NULL DEFAULT 0,
    -- Whether the salon has still to confirm the appointment.
    ADD COLUMN pending        boolean NOT NULL DEFAULT false,
    -- Whether the appointment was completed before its end.
    ADD COLUMN early          boolean NOT NULL DEFAULT false,
    -- The stars of a new rating.
    ADD COLUMN stars          smallint CHECK (stars BETWEEN 1 AND 5),
    ADD CONSTRAINT notifications_whole_text CHECK ((title IS NULL) = (body IS NULL)),
    ADD CONSTRAINT notifications_start_has_zone CHECK (title IS NOT NULL OR appointment_start IS NULL OR time_zone IS NOT NULL);
ALTER TABLE notifications
    ALTER COLUMN salon_id DROP DEFAULT,
    ALTER COLUMN for_customer DROP DEFAULT,
    ALTER COLUMN actor DROP DEFAULT,
    ALTER COLUMN pending DROP DEFAULT,
    ALTER COLUMN early DROP DEFAULT;

-- +goose Down

-- The old schema keeps texts only, so notifications without one get a general text.
UPDATE notifications
SET title = 'Notification', body = 'The text of this notification is not available.'
WHERE title IS NULL;
ALTER TABLE notifications
    DROP CONSTRAINT notifications_start_has_zone,
    DROP CONSTRAINT notifications_whole_text,
    DROP COLUMN stars,
    DROP COLUMN early,
    DROP COLUMN pending,
    DROP COLUMN actor,
    DROP COLUMN time_zone,
    DROP COLUMN previous_start,
    DROP COLUMN service_ids,
    DROP COLUMN master_ids,
    DROP COLUMN customer_id,
    DROP COLUMN for_customer,
    DROP COLUMN salon_id,
    ALTER COLUMN body SET NOT NULL,
    ALTER COLUMN title SET NOT NULL;

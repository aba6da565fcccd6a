-- +goose Up

-- Times are kept to the microsecond, in UTC. The tables of the platform (inbox, dead_letters, …) are not made here.

-- What people are told of visits and ratings.
CREATE TABLE notifications (
    id                uuid PRIMARY KEY,
    recipient_id      uuid NOT NULL,
    -- The number of salon.notification.v1.NotificationType; it never changes its meaning.
    type              smallint NOT NULL CHECK (type > 0),
    title             text NOT NULL CHECK (title <> ''),
    body              text NOT NULL CHECK (body <> ''),
    appointment_id    uuid,
    -- When the visit begins as of the event; the visit may have been moved since.
    appointment_start timestamptz CHECK (isfinite(appointment_start)),
    rating_id         uuid,
    -- The event that caused the notification, which tells everybody once.
    event_id          uuid NOT NULL,
    -- The event's time.
    create_time       timestamptz NOT NULL CHECK (isfinite(create_time)),
    read_time         timestamptz CHECK (isfinite(read_time)),
    CONSTRAINT notifications_once UNIQUE (event_id, recipient_id),
    CONSTRAINT notifications_about_something CHECK (appointment_id IS NOT NULL OR rating_id IS NOT NULL)
);

-- Somebody's inbox, newest first.
CREATE INDEX notifications_inbox ON notifications (recipient_id, create_time DESC, id DESC);
-- What is unread in it: a small part, that is counted often.
CREATE INDEX notifications_unread ON notifications (recipient_id, create_time DESC, id DESC) WHERE read_time IS NULL;
-- What may be removed, oldest first.
CREATE INDEX notifications_read ON notifications (create_time) WHERE read_time IS NOT NULL;

-- +goose Down

DROP TABLE notifications;

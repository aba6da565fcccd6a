-- Appointments that repeat.

-- +goose Up

CREATE TABLE appointment_series (
    salon_id    uuid NOT NULL REFERENCES salons,
    -- A UUIDv7.
    id          uuid NOT NULL,
    customer_id uuid NOT NULL,
    -- What was asked for: the rule as RFC 5545 writes it, from a date on, at a wall time in a zone.
    recurrence  text NOT NULL,
    start_date  date NOT NULL,
    local_time  text NOT NULL,
    time_zone   text NOT NULL,
    -- The services and masters of each appointment, in their order; NULL where any master would do.
    service_ids uuid[] NOT NULL,
    master_ids  uuid[] NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (salon_id, id),
    FOREIGN KEY (salon_id, customer_id) REFERENCES customers (salon_id, id)
);
CREATE INDEX appointment_series_customer ON appointment_series (salon_id, customer_id, id);
CREATE UNIQUE INDEX appointment_series_id ON appointment_series (id);

CREATE TABLE series_occurrences (
    salon_id       uuid NOT NULL,
    series_id      uuid NOT NULL,
    -- The place in the series, from 1.
    position       integer NOT NULL,
    -- Where the series has put the appointment. An appointment with another start was moved by itself.
    local_date     date NOT NULL,
    local_time     text NOT NULL,
    start_time     timestamptz NOT NULL,
    -- NULL: the date was not possible.
    appointment_id uuid,
    PRIMARY KEY (salon_id, series_id, position),
    FOREIGN KEY (salon_id, series_id) REFERENCES appointment_series (salon_id, id),
    FOREIGN KEY (salon_id, appointment_id) REFERENCES appointments (salon_id, id)
);
CREATE UNIQUE INDEX series_occurrences_appointment ON series_occurrences (salon_id, appointment_id) WHERE appointment_id IS NOT NULL;

-- The same for whoever reads an appointment. Programs that do not know the column leave it.
ALTER TABLE appointments ADD COLUMN series_id uuid;

-- +goose Down

ALTER TABLE appointments DROP COLUMN series_id;
DROP TABLE series_occurrences;
DROP TABLE appointment_series;

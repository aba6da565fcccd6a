-- Appointments that ended long ago move to tables of their own, so that those that bookings and searches use stay small. Moving
-- by partition would need the time in every key; the keys begin with the salon.

-- +goose Up

-- The columns of an archive table are those of its original, in the same order: whole rows are moved. A migration that changes
-- one table changes the other.
CREATE TABLE archived_appointments (LIKE appointments INCLUDING DEFAULTS);
ALTER TABLE archived_appointments
    ADD PRIMARY KEY (salon_id, id),
    ADD CONSTRAINT archived_appointments_customer_id_fkey FOREIGN KEY (salon_id, customer_id) REFERENCES customers (salon_id, id);
CREATE INDEX archived_appointments_id ON archived_appointments (id);
CREATE INDEX archived_appointments_start ON archived_appointments (salon_id, start_time, id);
CREATE INDEX archived_appointments_customer ON archived_appointments (salon_id, customer_id, start_time, id);

CREATE TABLE archived_segments (LIKE segments INCLUDING DEFAULTS);
ALTER TABLE archived_segments
    ADD PRIMARY KEY (salon_id, appointment_id, position),
    ADD CONSTRAINT archived_segments_appointment_id_fkey
        FOREIGN KEY (salon_id, appointment_id) REFERENCES archived_appointments (salon_id, id);
CREATE INDEX archived_segments_diary ON archived_segments (salon_id, master_id, appointment_start_time, appointment_id);

CREATE TABLE archived_history (LIKE appointment_history INCLUDING DEFAULTS);
ALTER TABLE archived_history
    ADD PRIMARY KEY (salon_id, appointment_id, version),
    ADD CONSTRAINT archived_history_appointment_id_fkey
        FOREIGN KEY (salon_id, appointment_id) REFERENCES archived_appointments (salon_id, id);

-- Nobody searches these. They come back when somebody changes the appointment.
CREATE TABLE archived_claims (LIKE claims INCLUDING DEFAULTS);
ALTER TABLE archived_claims
    ADD PRIMARY KEY (salon_id, appointment_id, id),
    ADD CONSTRAINT archived_claims_appointment_id_fkey
        FOREIGN KEY (salon_id, appointment_id) REFERENCES archived_appointments (salon_id, id);

-- The dates of a series stay. Their appointments may be in the archive.
ALTER TABLE series_occurrences DROP CONSTRAINT series_occurrences_salon_id_appointment_id_fkey;

-- Which process archives: one at a time.
CREATE TABLE archiving (
    only_row     boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    worker_id    uuid,
    -- By the clock of the database.
    worker_until timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO archiving DEFAULT VALUES;

-- +goose Down

INSERT INTO appointments SELECT * FROM archived_appointments;
INSERT INTO segments SELECT * FROM archived_segments;
INSERT INTO appointment_history SELECT * FROM archived_history;
INSERT INTO claims SELECT * FROM archived_claims;
DROP TABLE archiving, archived_claims, archived_history, archived_segments, archived_appointments;
ALTER TABLE series_occurrences ADD FOREIGN KEY (salon_id, appointment_id) REFERENCES appointments (salon_id, id);

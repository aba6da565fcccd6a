-- Salons; customers as rows of a salon; claims of masters' and customers' time. Everything that exists belongs to the
-- first salon, whose id is the same in the schemas of all services. Its time zone is that of SALON_TIME_ZONE.
--
-- Rows of a salon carry salon_id. Primary and foreign keys of the tables that grow begin with it, so that they can be
-- partitioned or distributed by salon. Such a key is made after the other indexes of its table: while a table is empty,
-- all indexes that begin with salon_id cost the planner the same, and it takes the newest. A connection keeps that plan
-- for the checks of foreign keys until the table is analyzed.

-- +goose Up

CREATE TABLE salons (
    id                    uuid        PRIMARY KEY,
    name                  text        COLLATE "und-x-icu" NOT NULL CHECK (name <> ''),
    slug                  text        NOT NULL CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    description           text        NOT NULL,
    address               text        NOT NULL,
    phone                 text        NOT NULL,
    email                 text        NOT NULL,
    website_url           text        NOT NULL,
    time_zone             text        NOT NULL CHECK (time_zone <> ''),
    currency              text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    -- The most appointments that have not ended of one customer; 0 for no limit.
    max_open_appointments integer     NOT NULL DEFAULT 10 CHECK (max_open_appointments >= 0),
    is_default            boolean     NOT NULL,
    -- Name, slug and address, folded by the program.
    search_text           text        NOT NULL,
    version               bigint      NOT NULL CHECK (version >= 1),
    create_time           timestamptz NOT NULL,
    update_time           timestamptz NOT NULL,
    deleted_at            timestamptz,
    CHECK (NOT is_default OR deleted_at IS NULL)
);
CREATE UNIQUE INDEX salons_slug ON salons (slug) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX salons_default ON salons (is_default) WHERE is_default;
CREATE INDEX salons_order ON salons (name, id) WHERE deleted_at IS NULL;

-- +goose ENVSUB ON
INSERT INTO salons (id, name, slug, description, address, phone, email, website_url, time_zone, currency, is_default,
    search_text, version, create_time, update_time)
SELECT '00000000-0000-7000-8000-000000000001', 'Salon', 'salon', '', '', '', '', '', '${SALON_TIME_ZONE:-UTC}',
    coalesce((SELECT currency FROM services GROUP BY currency ORDER BY count(*) DESC, currency LIMIT 1), 'EUR'),
    true, E'salon\nsalon\n', 1, date_trunc('milliseconds', now()), date_trunc('milliseconds', now());
-- +goose ENVSUB OFF
INSERT INTO outbox (event_id, type, aggregate_id, aggregate_version, occurred_at, body)
SELECT gen_random_uuid(), 'salon.created', id, version, create_time, jsonb_build_object('salonId', id, 'isDefault', true)
FROM salons;

-- The catalogue.
ALTER TABLE services
    ADD COLUMN salon_id uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001' REFERENCES salons (id),
    -- Name and description, folded by the program.
    ADD COLUMN search_text text NOT NULL DEFAULT '';
-- As the program folds texts, in the scripts of Europe and Korea. A service that is changed later is folded by the program.
UPDATE services SET search_text = normalize(replace(replace(
    lower(regexp_replace(normalize(name || E'\n' || description, NFKD), '[\u0300-\u036f]', '', 'g') COLLATE "und-x-icu"),
    'ß', 'ss'), 'ς', 'σ'), NFC);
ALTER TABLE services ALTER COLUMN salon_id DROP DEFAULT, ALTER COLUMN search_text DROP DEFAULT;
DROP INDEX services_name, services_order, services_search;
CREATE UNIQUE INDEX services_name ON services (salon_id, lower(name)) WHERE deleted_at IS NULL;
CREATE INDEX services_order ON services (category, name, id) WHERE deleted_at IS NULL;
CREATE INDEX services_salon_order ON services (salon_id, category, name, id) WHERE deleted_at IS NULL;
CREATE INDEX services_search ON services USING gin (search_text gin_trgm_ops) WHERE deleted_at IS NULL;
ALTER TABLE services ADD CONSTRAINT services_salon_key UNIQUE (salon_id, id);

-- What this service knows of the user service's rows. Version 0 means that the row has not been read from its owner yet,
-- which the program does at its start.
ALTER TABLE masters
    -- Where the master works, or worked last.
    ADD COLUMN salon_id uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001' REFERENCES salons (id),
    ADD COLUMN display_name text NOT NULL DEFAULT '';
UPDATE masters SET version = 0;
ALTER TABLE masters ALTER COLUMN salon_id DROP DEFAULT, ALTER COLUMN display_name DROP DEFAULT;
CREATE INDEX masters_salon ON masters (salon_id);

ALTER TABLE customers RENAME TO accounts;
ALTER INDEX customers_pkey RENAME TO accounts_pkey;
ALTER TABLE accounts
    ADD COLUMN display_name text NOT NULL DEFAULT '',
    ADD COLUMN phone        text NOT NULL DEFAULT '',
    ADD COLUMN email        text NOT NULL DEFAULT '',
    -- Name, phone and address, folded by the program.
    ADD COLUMN search_text  text NOT NULL DEFAULT '';
UPDATE accounts SET version = 0;
CREATE INDEX accounts_unread ON accounts (id) WHERE version = 0;
CREATE INDEX masters_unread ON masters (id) WHERE version = 0;

-- The customers of each salon. What staff have written down comes before what the account says; empty means that the
-- account's is shown.
CREATE TABLE customers (
    salon_id     uuid        NOT NULL REFERENCES salons (id),
    id           uuid        NOT NULL,
    account_id   uuid        CONSTRAINT customers_account_id_fkey REFERENCES accounts (id),
    display_name text        NOT NULL,
    phone        text        NOT NULL,
    email        text        NOT NULL,
    -- For staff only.
    notes        text        NOT NULL,
    search_text  text        NOT NULL,
    version      bigint      NOT NULL CHECK (version >= 1),
    create_time  timestamptz NOT NULL,
    update_time  timestamptz NOT NULL,
    CONSTRAINT customers_one_an_account UNIQUE (salon_id, account_id)
);
CREATE INDEX customers_id ON customers (id);
CREATE INDEX customers_account ON customers (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX customers_newest ON customers (salon_id, create_time DESC, id DESC);
-- Customers whom an account with this address can be matched with.
CREATE INDEX customers_unmatched ON customers (email) WHERE account_id IS NULL AND email <> '';
ALTER TABLE customers ADD PRIMARY KEY (salon_id, id);

-- Customers so far were accounts: they keep that id.
INSERT INTO customers (salon_id, id, account_id, display_name, phone, email, notes, search_text, version, create_time, update_time)
SELECT '00000000-0000-7000-8000-000000000001', customer_id, customer_id, '', '', '', '', '', 1, min(create_time), min(create_time)
FROM appointments GROUP BY customer_id;

ALTER TABLE offerings ADD COLUMN salon_id uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001' REFERENCES salons (id);
ALTER TABLE offerings ALTER COLUMN salon_id DROP DEFAULT;

ALTER TABLE segments DROP CONSTRAINT segments_appointment_id_fkey, DROP CONSTRAINT segments_service_id_fkey;
ALTER TABLE appointments
    DROP CONSTRAINT appointments_customer_id_fkey,
    DROP CONSTRAINT appointments_pkey,
    DROP CONSTRAINT appointments_cancelled_by_check,
    DROP CONSTRAINT appointments_changed_by_check,
    ADD COLUMN salon_id           uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001',
    -- What was promised: the zone and the offset of the start in it.
    ADD COLUMN time_zone          text NOT NULL DEFAULT 'UTC' CHECK (time_zone <> ''),
    ADD COLUMN utc_offset_minutes integer NOT NULL DEFAULT 0;
UPDATE appointments a SET time_zone = s.time_zone,
    utc_offset_minutes = extract(epoch FROM (a.start_time AT TIME ZONE s.time_zone) - (a.start_time AT TIME ZONE 'UTC')) / 60
FROM salons s WHERE s.id = a.salon_id;
ALTER TABLE appointments
    ALTER COLUMN salon_id DROP DEFAULT,
    ALTER COLUMN time_zone DROP DEFAULT,
    ALTER COLUMN utc_offset_minutes DROP DEFAULT,
    ADD CONSTRAINT appointments_customer_id_fkey FOREIGN KEY (salon_id, customer_id) REFERENCES customers (salon_id, id),
    ADD CONSTRAINT appointments_cancelled_by_check
        CHECK (cancelled_by IN ('CUSTOMER', 'MASTER', 'RECEPTIONIST', 'MANAGER', 'ADMIN', 'SYSTEM')),
    ADD CONSTRAINT appointments_changed_by_check
        CHECK (changed_by IN ('CUSTOMER', 'MASTER', 'RECEPTIONIST', 'MANAGER', 'ADMIN', 'SYSTEM'));
DROP INDEX appointments_start, appointments_customer;
CREATE INDEX appointments_id ON appointments (id);
CREATE INDEX appointments_start ON appointments (salon_id, start_time, id);
CREATE INDEX appointments_customer ON appointments (salon_id, customer_id, start_time, id);
ALTER TABLE appointments ADD PRIMARY KEY (salon_id, id);

ALTER TABLE segments RENAME COLUMN visit_start_time TO appointment_start_time;
ALTER TABLE segments
    DROP CONSTRAINT segments_pkey,
    DROP CONSTRAINT segments_appointment_id_position_key,
    ADD COLUMN salon_id              uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001',
    ADD COLUMN buffer_before_minutes integer NOT NULL DEFAULT 0 CHECK (buffer_before_minutes >= 0),
    ADD COLUMN buffer_after_minutes  integer NOT NULL DEFAULT 0 CHECK (buffer_after_minutes >= 0),
    -- Whether the customer has rated the master for this appointment.
    ADD COLUMN rated                 boolean NOT NULL DEFAULT false;
UPDATE segments SET
    buffer_before_minutes = extract(epoch FROM start_time - lower(during)) / 60,
    buffer_after_minutes = extract(epoch FROM upper(during) - end_time) / 60;
ALTER TABLE segments
    ALTER COLUMN salon_id DROP DEFAULT,
    ADD CONSTRAINT segments_position_key UNIQUE (salon_id, appointment_id, position),
    ADD CONSTRAINT segments_appointment_id_fkey FOREIGN KEY (salon_id, appointment_id) REFERENCES appointments (salon_id, id),
    ADD CONSTRAINT segments_service_id_fkey FOREIGN KEY (salon_id, service_id) REFERENCES services (salon_id, id);
DROP INDEX segments_diary;
CREATE INDEX segments_diary ON segments (salon_id, master_id, appointment_start_time, appointment_id);
ALTER TABLE segments ADD PRIMARY KEY (salon_id, id);

-- Who is taken when. Only services/appointment/claims writes it. No double booking, by construction: takers hold the
-- advisory lock of each subject first (claims_store.go), because the constraint alone deadlocks under contention.
CREATE TABLE claims (
    salon_id       uuid      NOT NULL,
    id             uuid      NOT NULL,
    -- A master or a customer.
    subject_id     uuid      NOT NULL,
    subject_kind   text      NOT NULL CHECK (subject_kind IN ('MASTER', 'CUSTOMER')),
    -- From inclusive, to exclusive.
    during         tstzrange NOT NULL,
    -- False only for time that is overbooked on purpose.
    blocking       boolean   NOT NULL,
    appointment_id uuid      NOT NULL,
    segment_id     uuid      NOT NULL,
    PRIMARY KEY (salon_id, id),
    CONSTRAINT claims_segment_id_fkey FOREIGN KEY (salon_id, segment_id) REFERENCES segments (salon_id, id),
    CONSTRAINT claims_during_check CHECK (
        NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)
        AND isfinite(lower(during)) AND isfinite(upper(during))
        AND lower_inc(during) AND NOT upper_inc(during)
    ),
    -- The kind counts, because customers from before salons have the id of their account, as masters have.
    CONSTRAINT claims_no_overlap EXCLUDE USING gist (salon_id WITH =, subject_id WITH =, during WITH &&, subject_kind WITH =)
        WHERE (blocking)
);
CREATE INDEX claims_overbooked ON claims USING gist (salon_id, subject_id, during) WHERE NOT blocking;
CREATE INDEX claims_appointment ON claims (salon_id, appointment_id);

INSERT INTO claims (salon_id, id, subject_id, subject_kind, during, blocking, appointment_id, segment_id)
SELECT salon_id, gen_random_uuid(), master_id, 'MASTER', during, true, appointment_id, id
FROM segments WHERE holds;
-- Appointments of one customer could overlap until now. The tables are not analyzed here: one that is known to be empty
-- is scanned by the plans that connections keep.
INSERT INTO claims (salon_id, id, subject_id, subject_kind, during, blocking, appointment_id, segment_id)
SELECT s.salon_id, gen_random_uuid(), a.customer_id, 'CUSTOMER', tstzrange(s.start_time, s.end_time), NOT EXISTS (
        SELECT 1 FROM segments o JOIN appointments b ON b.salon_id = o.salon_id AND b.id = o.appointment_id
        WHERE o.holds AND o.id <> s.id AND b.salon_id = a.salon_id AND b.customer_id = a.customer_id
            AND tstzrange(o.start_time, o.end_time) && tstzrange(s.start_time, s.end_time)
    ), s.appointment_id, s.id
FROM segments s JOIN appointments a ON a.salon_id = s.salon_id AND a.id = s.appointment_id
WHERE s.holds;

ALTER TABLE segments
    DROP CONSTRAINT segments_no_overlap,
    DROP CONSTRAINT segments_during_check,
    DROP COLUMN during,
    DROP COLUMN holds;

-- Every change of an appointment: who, when, what and why. Kept when the account goes.
CREATE TABLE appointment_history (
    salon_id       uuid        NOT NULL,
    appointment_id uuid        NOT NULL,
    -- The version of the appointment after the change.
    version        bigint      NOT NULL CHECK (version >= 1),
    action         text        NOT NULL CHECK (action <> ''),
    actor          text        NOT NULL CHECK (actor IN ('CUSTOMER', 'MASTER', 'RECEPTIONIST', 'MANAGER', 'ADMIN', 'SYSTEM')),
    -- Whose account made the change; none for the system.
    account_id     uuid,
    reason         text        NOT NULL,
    -- What the change made of what; before is null for the first.
    state_before   text,
    state_after    text        NOT NULL,
    start_before   timestamptz,
    start_after    timestamptz NOT NULL,
    change_time    timestamptz NOT NULL,
    PRIMARY KEY (salon_id, appointment_id, version),
    FOREIGN KEY (salon_id, appointment_id) REFERENCES appointments (salon_id, id)
);

-- +goose Down

DROP TABLE appointment_history;

ALTER TABLE segments
    ADD COLUMN holds boolean NOT NULL DEFAULT false,
    ADD COLUMN during tstzrange;
UPDATE segments SET during = tstzrange(
    start_time - buffer_before_minutes * interval '1 minute', end_time + buffer_after_minutes * interval '1 minute');
UPDATE segments s SET holds = true FROM appointments a
WHERE a.id = s.appointment_id AND a.state IN ('PENDING', 'CONFIRMED', 'COMPLETED');
DROP TABLE claims;
DROP INDEX segments_diary;
ALTER TABLE segments
    DROP CONSTRAINT segments_appointment_id_fkey,
    DROP CONSTRAINT segments_service_id_fkey,
    DROP CONSTRAINT segments_position_key,
    DROP CONSTRAINT segments_pkey,
    DROP COLUMN salon_id,
    DROP COLUMN buffer_before_minutes,
    DROP COLUMN buffer_after_minutes,
    DROP COLUMN rated,
    ALTER COLUMN holds DROP DEFAULT,
    ALTER COLUMN during SET NOT NULL,
    ADD PRIMARY KEY (id),
    ADD UNIQUE (appointment_id, position),
    ADD CONSTRAINT segments_service_id_fkey FOREIGN KEY (service_id) REFERENCES services (id),
    ADD CONSTRAINT segments_during_check CHECK (
        NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)
        AND isfinite(lower(during)) AND isfinite(upper(during))
        AND lower_inc(during) AND NOT upper_inc(during)
        AND lower(during) <= start_time AND end_time <= upper(during)
    ),
    ADD CONSTRAINT segments_no_overlap EXCLUDE USING gist (master_id WITH =, during WITH &&) WHERE (holds);
ALTER TABLE segments RENAME COLUMN appointment_start_time TO visit_start_time;
CREATE INDEX segments_diary ON segments (master_id, visit_start_time, appointment_id);

DROP INDEX appointments_start, appointments_customer, appointments_id;
-- Customers without an account become accounts that are disabled.
ALTER TABLE appointments DROP CONSTRAINT appointments_customer_id_fkey;
UPDATE appointments a SET customer_id = coalesce(c.account_id, c.id)
FROM customers c WHERE c.salon_id = a.salon_id AND c.id = a.customer_id;
INSERT INTO accounts (id, disabled, version)
SELECT id, true, 0 FROM customers WHERE account_id IS NULL ON CONFLICT (id) DO NOTHING;
ALTER TABLE appointments DROP CONSTRAINT appointments_cancelled_by_check, DROP CONSTRAINT appointments_changed_by_check;
UPDATE appointments SET
    cancelled_by = CASE WHEN cancelled_by IN ('RECEPTIONIST', 'MANAGER', 'SYSTEM') THEN 'ADMIN' ELSE cancelled_by END,
    changed_by = CASE WHEN changed_by IN ('RECEPTIONIST', 'MANAGER', 'SYSTEM') THEN 'ADMIN' ELSE changed_by END;
ALTER TABLE appointments
    DROP CONSTRAINT appointments_pkey,
    DROP COLUMN salon_id,
    DROP COLUMN time_zone,
    DROP COLUMN utc_offset_minutes,
    ADD PRIMARY KEY (id),
    ADD CONSTRAINT appointments_cancelled_by_check CHECK (cancelled_by IN ('CUSTOMER', 'MASTER', 'ADMIN')),
    ADD CONSTRAINT appointments_changed_by_check CHECK (changed_by IN ('CUSTOMER', 'MASTER', 'ADMIN'));
CREATE INDEX appointments_start ON appointments (start_time, id);
CREATE INDEX appointments_customer ON appointments (customer_id, start_time, id);
ALTER TABLE segments
    ADD CONSTRAINT segments_appointment_id_fkey FOREIGN KEY (appointment_id) REFERENCES appointments (id);

DROP TABLE customers;
DROP INDEX accounts_unread, masters_unread, masters_salon;
ALTER TABLE accounts
    DROP COLUMN display_name,
    DROP COLUMN phone,
    DROP COLUMN email,
    DROP COLUMN search_text;
ALTER TABLE accounts RENAME TO customers;
ALTER INDEX accounts_pkey RENAME TO customers_pkey;
ALTER TABLE appointments ADD CONSTRAINT appointments_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (id);

ALTER TABLE offerings DROP COLUMN salon_id;
ALTER TABLE masters DROP COLUMN salon_id, DROP COLUMN display_name;
DROP INDEX services_name, services_order, services_salon_order, services_search;
ALTER TABLE services DROP CONSTRAINT services_salon_key, DROP COLUMN salon_id, DROP COLUMN search_text;
CREATE UNIQUE INDEX services_name ON services (lower(name)) WHERE deleted_at IS NULL;
CREATE INDEX services_order ON services (category, name, id) WHERE deleted_at IS NULL;
CREATE INDEX services_search ON services USING gin (name gin_trgm_ops, description gin_trgm_ops)
    WHERE deleted_at IS NULL;
DROP TABLE salons;

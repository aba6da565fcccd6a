-- When salons are open and masters work, what bookings take besides the master, and the rules by which a salon takes bookings.

-- +goose Up

ALTER TABLE salons
    -- Counts all changes of what decides whether a time can be booked, apart from what is taken: the policy, hours, resources,
    -- services, offerings and masters of the salon. Who changes one of them counts up in the same transaction, after the locks of
    -- the masters that the change is about. A booking is made from the rules of one version, and compares it.
    ADD COLUMN rules_version                 bigint  NOT NULL DEFAULT 1 CHECK (rules_version >= 1),
    -- The booking policy, with max_open_appointments.
    ADD COLUMN policy_version                bigint  NOT NULL DEFAULT 1 CHECK (policy_version >= 1),
    ADD COLUMN policy_update_time            timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
    ADD COLUMN slot_step_minutes             integer NOT NULL DEFAULT 15 CHECK (slot_step_minutes BETWEEN 5 AND 60),
    ADD COLUMN lead_time_minutes             integer NOT NULL DEFAULT 0 CHECK (lead_time_minutes >= 0),
    ADD COLUMN horizon_days                  integer NOT NULL DEFAULT 366 CHECK (horizon_days >= 1),
    -- The last local date that can be booked.
    ADD COLUMN bookable_until                date,
    ADD COLUMN cancellation_window_minutes   integer NOT NULL DEFAULT 0 CHECK (cancellation_window_minutes >= 0),
    ADD COLUMN rescheduling_window_minutes   integer NOT NULL DEFAULT 0 CHECK (rescheduling_window_minutes >= 0),
    ADD COLUMN confirmation                  text    NOT NULL DEFAULT 'ALWAYS' CHECK (confirmation IN ('NEVER', 'ALWAYS', 'FIRST_APPOINTMENT')),
    ADD COLUMN request_timeout_minutes       integer NOT NULL DEFAULT 1440 CHECK (request_timeout_minutes >= 5),
    -- The most appointments of a customer, and of a master, on a local date; 0 for no limit.
    ADD COLUMN max_customer_appointments_a_day integer NOT NULL DEFAULT 0 CHECK (max_customer_appointments_a_day >= 0),
    ADD COLUMN max_master_appointments_a_day integer NOT NULL DEFAULT 0 CHECK (max_master_appointments_a_day >= 0),
    ADD COLUMN allow_customer_overlap        boolean NOT NULL DEFAULT false,
    ADD COLUMN buffers_within_hours          boolean NOT NULL DEFAULT false,
    ADD COLUMN hold_minutes                  integer NOT NULL DEFAULT 10 CHECK (hold_minutes >= 1);

-- The hours of a salon (opening hours) or of a master in a salon (working hours). Without a row, or without periods, a salon is
-- open all day, and a master follows the salon.
CREATE TABLE weekly_hours (
    salon_id     uuid        NOT NULL REFERENCES salons (id),
    subject_id   uuid        NOT NULL,
    subject_kind text        NOT NULL CHECK (subject_kind IN ('SALON', 'MASTER')),
    -- [{"from": "2027-01-01", "until": "2027-12-31", "week": [["09:00-12:00", "13:00-18:00"], …]}], by first date; an end that is
    -- left out is open. The week begins on Sunday.
    periods      jsonb       NOT NULL,
    version      bigint      NOT NULL CHECK (version >= 1),
    update_time  timestamptz NOT NULL,
    PRIMARY KEY (salon_id, subject_id)
);

-- Other hours on some dates: closures of a salon, overrides of a master. A date has at most one.
CREATE TABLE dated_hours (
    salon_id     uuid        NOT NULL REFERENCES salons (id),
    id           uuid        NOT NULL,
    subject_id   uuid        NOT NULL,
    subject_kind text        NOT NULL CHECK (subject_kind IN ('SALON', 'MASTER')),
    start_date   date        NOT NULL,
    end_date     date        NOT NULL CHECK (end_date >= start_date),
    -- ["09:00-12:00"]; empty for none.
    intervals    jsonb       NOT NULL,
    -- A closure's title for customers, an override's note for staff.
    note         text        NOT NULL,
    create_time  timestamptz NOT NULL,
    PRIMARY KEY (salon_id, id),
    CONSTRAINT dated_hours_once EXCLUDE USING gist (salon_id WITH =, subject_id WITH =, daterange(start_date, end_date, '[]') WITH &&)
);
CREATE INDEX dated_hours_id ON dated_hours (id);

-- When a master is away, or a resource cannot be used.
CREATE TABLE times_off (
    salon_id     uuid        NOT NULL REFERENCES salons (id),
    id           uuid        NOT NULL,
    subject_id   uuid        NOT NULL,
    subject_kind text        NOT NULL CHECK (subject_kind IN ('MASTER', 'RESOURCE')),
    -- Why a master is away.
    kind         text        CHECK (kind IN ('VACATION', 'SICK', 'BREAK', 'TRAINING')),
    start_time   timestamptz NOT NULL,
    end_time     timestamptz NOT NULL CHECK (end_time > start_time),
    -- The dates, where it was given by dates: the instants follow the salon's time zone.
    start_date   date,
    end_date     date        CHECK ((start_date IS NULL) = (end_date IS NULL)),
    note         text        NOT NULL,
    create_time  timestamptz NOT NULL,
    PRIMARY KEY (salon_id, id),
    CHECK ((kind IS NOT NULL) = (subject_kind = 'MASTER'))
);
CREATE INDEX times_off_id ON times_off (id);
CREATE INDEX times_off_subject ON times_off (salon_id, subject_id, end_time, start_time, id);

-- Chairs, rooms and devices.
CREATE TABLE resource_kinds (
    salon_id    uuid        NOT NULL REFERENCES salons (id),
    id          uuid        NOT NULL,
    name        text        COLLATE "und-x-icu" NOT NULL CHECK (name <> ''),
    create_time timestamptz NOT NULL,
    -- Rows of deleted kinds stay: appointments that were booked name them.
    deleted_at  timestamptz,
    PRIMARY KEY (salon_id, id)
);
CREATE UNIQUE INDEX resource_kinds_name ON resource_kinds (salon_id, lower(name)) WHERE deleted_at IS NULL;
CREATE INDEX resource_kinds_id ON resource_kinds (id);
CREATE TABLE resources (
    salon_id    uuid        NOT NULL,
    id          uuid        NOT NULL,
    kind_id     uuid        NOT NULL,
    name        text        COLLATE "und-x-icu" NOT NULL CHECK (name <> ''),
    active      boolean     NOT NULL,
    version     bigint      NOT NULL CHECK (version >= 1),
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    deleted_at  timestamptz,
    PRIMARY KEY (salon_id, id),
    CONSTRAINT resources_kind_id_fkey FOREIGN KEY (salon_id, kind_id) REFERENCES resource_kinds (salon_id, id)
);
CREATE UNIQUE INDEX resources_name ON resources (salon_id, lower(name)) WHERE deleted_at IS NULL;
CREATE INDEX resources_kind ON resources (salon_id, kind_id);
CREATE INDEX resources_id ON resources (id);

-- [{"wait": true, "minutes": 30, "kinds": ["<id of a resource kind>"]}], in their order. NULL: one phase of work as long as the
-- duration, without resources; for an offering, the service's phases.
ALTER TABLE services
    ADD COLUMN phases                     jsonb,
    ADD COLUMN online_bookable            boolean NOT NULL DEFAULT true,
    ADD COLUMN lead_time_override_minutes integer CHECK (lead_time_override_minutes >= 0),
    ADD COLUMN horizon_override_days      integer CHECK (horizon_override_days >= 1),
    ADD COLUMN slot_step_override_minutes integer CHECK (slot_step_override_minutes BETWEEN 5 AND 60);
ALTER TABLE offerings
    ADD COLUMN phases_override                jsonb,
    ADD COLUMN buffer_before_override_minutes integer CHECK (buffer_before_override_minutes >= 0),
    ADD COLUMN buffer_after_override_minutes  integer CHECK (buffer_after_override_minutes >= 0);
-- As it was booked.
ALTER TABLE segments ADD COLUMN phases jsonb;

ALTER TABLE claims
    DROP CONSTRAINT claims_subject_kind_check,
    ADD CONSTRAINT claims_subject_kind_check CHECK (subject_kind IN ('MASTER', 'CUSTOMER', 'RESOURCE')) NOT VALID;

-- +goose Down

DELETE FROM claims WHERE subject_kind = 'RESOURCE';
ALTER TABLE claims
    DROP CONSTRAINT claims_subject_kind_check,
    ADD CONSTRAINT claims_subject_kind_check CHECK (subject_kind IN ('MASTER', 'CUSTOMER'));
ALTER TABLE segments DROP COLUMN phases;
ALTER TABLE offerings
    DROP COLUMN phases_override,
    DROP COLUMN buffer_before_override_minutes,
    DROP COLUMN buffer_after_override_minutes;
ALTER TABLE services
    DROP COLUMN phases,
    DROP COLUMN online_bookable,
    DROP COLUMN lead_time_override_minutes,
    DROP COLUMN horizon_override_days,
    DROP COLUMN slot_step_override_minutes;
DROP TABLE resources, resource_kinds, times_off, dated_hours, weekly_hours;
ALTER TABLE salons
    DROP COLUMN rules_version,
    DROP COLUMN policy_version,
    DROP COLUMN policy_update_time,
    DROP COLUMN slot_step_minutes,
    DROP COLUMN lead_time_minutes,
    DROP COLUMN horizon_days,
    DROP COLUMN bookable_until,
    DROP COLUMN cancellation_window_minutes,
    DROP COLUMN rescheduling_window_minutes,
    DROP COLUMN confirmation,
    DROP COLUMN request_timeout_minutes,
    DROP COLUMN max_customer_appointments_a_day,
    DROP COLUMN max_master_appointments_a_day,
    DROP COLUMN allow_customer_overlap,
    DROP COLUMN buffers_within_hours,
    DROP COLUMN hold_minutes;

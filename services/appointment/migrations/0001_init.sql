-- The catalogue, what this service knows of masters and customers, and the visits.

-- +goose Up

CREATE TABLE services (
    id                    uuid        PRIMARY KEY,
    name                  text        NOT NULL,
    description           text        NOT NULL,
    category              text        NOT NULL,
    price_minor           integer     NOT NULL CHECK (price_minor >= 0),
    currency              text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    duration_minutes      integer     NOT NULL CHECK (duration_minutes > 0),
    buffer_before_minutes integer     NOT NULL CHECK (buffer_before_minutes >= 0),
    buffer_after_minutes  integer     NOT NULL CHECK (buffer_after_minutes >= 0),
    active                boolean     NOT NULL,
    version               bigint      NOT NULL,
    create_time           timestamptz NOT NULL,
    update_time           timestamptz NOT NULL,
    deleted_at            timestamptz
);
CREATE UNIQUE INDEX services_name ON services (lower(name)) WHERE deleted_at IS NULL;
CREATE INDEX services_order ON services (category, name, id) WHERE deleted_at IS NULL;
CREATE INDEX services_search ON services USING gin (name gin_trgm_ops, description gin_trgm_ops)
    WHERE deleted_at IS NULL;

-- What this service needs to know of the user service's rows. A row is made when
-- its event arrives or when it is first needed, whichever is earlier; the higher
-- version wins.
CREATE TABLE masters (
    id      uuid    PRIMARY KEY,
    deleted boolean NOT NULL,
    version bigint  NOT NULL
);
CREATE TABLE customers (
    id       uuid    PRIMARY KEY,
    disabled boolean NOT NULL,
    version  bigint  NOT NULL -- 0: signed in and booked before their first event arrived
);

-- Rows stay when they are deleted, so that the version keeps growing. An own price
-- is in the service's currency.
CREATE TABLE offerings (
    master_id                 uuid        NOT NULL REFERENCES masters (id),
    service_id                uuid        NOT NULL REFERENCES services (id),
    price_override_minor      integer     CHECK (price_override_minor >= 0),
    duration_override_minutes integer     CHECK (duration_override_minutes > 0),
    version                   bigint      NOT NULL,
    create_time               timestamptz NOT NULL,
    update_time               timestamptz NOT NULL,
    deleted_at                timestamptz,
    PRIMARY KEY (master_id, service_id)
);
CREATE INDEX offerings_service ON offerings (service_id) WHERE deleted_at IS NULL;

CREATE TABLE appointments (
    id                  uuid        PRIMARY KEY,
    customer_id         uuid        NOT NULL REFERENCES customers (id),
    state               text        NOT NULL
        CHECK (state IN ('PENDING', 'CONFIRMED', 'COMPLETED', 'CANCELLED', 'NO_SHOW')),
    start_time          timestamptz NOT NULL,
    end_time            timestamptz NOT NULL,
    total_minor         integer     NOT NULL CHECK (total_minor >= 0),
    currency            text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    note                text        NOT NULL,
    cancelled_by        text        CHECK (cancelled_by IN ('CUSTOMER', 'MASTER', 'ADMIN')),
    cancel_reason       text        NOT NULL,
    complete_time       timestamptz,
    -- The newest change, as its event tells it: who made it and, when it was a
    -- rescheduling, when the visit began before.
    changed_by          text        NOT NULL CHECK (changed_by IN ('CUSTOMER', 'MASTER', 'ADMIN')),
    previous_start_time timestamptz,
    version             bigint      NOT NULL,
    create_time         timestamptz NOT NULL,
    update_time         timestamptz NOT NULL,
    CHECK (start_time < end_time),
    CHECK ((state = 'CANCELLED') = (cancelled_by IS NOT NULL)),
    CHECK ((state = 'COMPLETED') = (complete_time IS NOT NULL))
);
CREATE INDEX appointments_start ON appointments (start_time, id);
CREATE INDEX appointments_customer ON appointments (customer_id, start_time, id);

CREATE TABLE segments (
    id               uuid        PRIMARY KEY,
    appointment_id   uuid        NOT NULL
        CONSTRAINT segments_appointment_id_fkey REFERENCES appointments (id),
    position         integer     NOT NULL CHECK (position >= 0),
    service_id       uuid        NOT NULL REFERENCES services (id),
    service_name     text        NOT NULL,
    master_id        uuid        NOT NULL REFERENCES masters (id),
    start_time       timestamptz NOT NULL,
    end_time         timestamptz NOT NULL,
    -- When the visit begins: makes a master's diary one range of an index.
    visit_start_time timestamptz NOT NULL,
    -- The master's time that the segment claims: start to end and the buffers
    -- around, from inclusive, to exclusive.
    during           tstzrange   NOT NULL,
    price_minor      integer     NOT NULL CHECK (price_minor >= 0),
    currency         text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    -- Whether the claim stands: in the states PENDING, CONFIRMED and COMPLETED.
    holds            boolean     NOT NULL,
    UNIQUE (appointment_id, position),
    CHECK (start_time < end_time),
    CONSTRAINT segments_during_check CHECK (
        NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)
        AND isfinite(lower(during)) AND isfinite(upper(during))
        AND lower_inc(during) AND NOT upper_inc(during)
        AND lower(during) <= start_time AND end_time <= upper(during)
    ),
    -- No double booking, by construction. Takers must hold the master's advisory
    -- lock first (see booking_store.go): the constraint alone deadlocks under contention.
    CONSTRAINT segments_no_overlap EXCLUDE USING gist (master_id WITH =, during WITH &&) WHERE (holds)
);
CREATE INDEX segments_diary ON segments (master_id, visit_start_time, appointment_id);

-- +goose Down
DROP TABLE segments;
DROP TABLE appointments;
DROP TABLE offerings;
DROP TABLE customers;
DROP TABLE masters;
DROP TABLE services;

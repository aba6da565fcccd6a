-- The tables that every service has. internal/events and internal/idempotency
-- read and write them.

-- +goose Up

-- Events that were committed together with the change that they report. The
-- relay publishes rows without published_at, in the order of id within an aggregate.
CREATE TABLE outbox (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id          uuid        NOT NULL,
    type              text        NOT NULL,
    aggregate_id      uuid        NOT NULL,
    aggregate_version bigint      NOT NULL,
    occurred_at       timestamptz NOT NULL,
    body              jsonb       NOT NULL,
    traceparent       text,
    published_at      timestamptz,
    CONSTRAINT outbox_event_id_key UNIQUE (event_id)
);
CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL;
CREATE INDEX outbox_published_at ON outbox (published_at) WHERE published_at IS NOT NULL;

-- Events that a consumer has handled: the row commits together with the effect,
-- so that a redelivery changes nothing.
CREATE TABLE inbox (
    consumer    text        NOT NULL,
    event_id    uuid        NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_received_at ON inbox (received_at);

-- The newest version of each aggregate that a consumer has seen: older ones that
-- arrive late are skipped.
CREATE TABLE aggregate_versions (
    consumer     text   NOT NULL,
    aggregate_id uuid   NOT NULL,
    version      bigint NOT NULL,
    PRIMARY KEY (consumer, aggregate_id)
);

-- Events that a consumer has given up on, for an administrator to replay.
CREATE TABLE dead_letters (
    id                uuid        PRIMARY KEY,
    consumer          text        NOT NULL,
    event_id          uuid        NOT NULL,
    type              text        NOT NULL,
    aggregate_id      uuid        NOT NULL,
    aggregate_version bigint      NOT NULL,
    occurred_at       timestamptz NOT NULL,
    body              jsonb       NOT NULL,
    error             text        NOT NULL,
    attempts          integer     NOT NULL,
    failed_at         timestamptz NOT NULL,
    replayed_at       timestamptz,
    CONSTRAINT dead_letters_consumer_event_id_key UNIQUE (consumer, event_id)
);
CREATE INDEX dead_letters_failed_at ON dead_letters (failed_at);

-- Answers to requests that carried a request_id, for when they come again.
CREATE TABLE idempotency_keys (
    caller       text        NOT NULL,
    method       text        NOT NULL,
    request_id   uuid        NOT NULL,
    request_hash bytea       NOT NULL,
    response     bytea       NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, method, request_id)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- +goose Down
DROP TABLE idempotency_keys;
DROP TABLE dead_letters;
DROP TABLE aggregate_versions;
DROP TABLE inbox;
DROP TABLE outbox;

-- The relay's row: which process publishes the outbox, and what it knows of the
-- stream. internal/events reads and writes it.

-- +goose Up
CREATE TABLE relay (
    only_row       boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    -- The lease: who publishes, and until when by the clock of this server. term
    -- counts the holders, beat every change of the lease.
    holder         uuid,
    term           bigint      NOT NULL DEFAULT 0,
    beat           bigint      NOT NULL DEFAULT 0,
    expires_at     timestamptz NOT NULL DEFAULT '-infinity',
    -- The creation time of the stream in nanoseconds since 1970, and the event that
    -- was confirmed last, with its sequence in that stream; 0 and null: none yet.
    stream_created bigint      NOT NULL DEFAULT 0,
    last_seq       bigint      NOT NULL DEFAULT 0,
    last_event     uuid,
    -- Part of the message ids, so that the stream does not take an event that is
    -- published again for a copy.
    generation     bigint      NOT NULL DEFAULT 0,
    -- The ids of the published rows that are to be published again; null: none.
    replay_next    bigint,
    replay_end     bigint,
    -- When such a replay was last complete, and when events of this schema were last
    -- removed from the stream.
    replayed_at    timestamptz,
    purged_at      timestamptz,
    -- Since when the outbox has every event. Published rows were kept for seven days
    -- until this migration.
    complete_since timestamptz NOT NULL
);
INSERT INTO relay (complete_since)
SELECT CASE WHEN EXISTS (SELECT FROM outbox) THEN now() - interval '6 days' ELSE '-infinity' END;

-- +goose Down
DROP TABLE relay;

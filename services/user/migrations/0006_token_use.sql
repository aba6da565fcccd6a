-- Each refresh token remembers its first use, because it works for some seconds after that.

-- +goose Up

-- Null before the first use.
ALTER TABLE refresh_tokens ADD COLUMN use_time timestamptz;
-- The newest generation began with the first use of the one before; older ones were used earlier.
UPDATE refresh_tokens SET use_time = sessions.rotate_time
FROM sessions
WHERE sessions.id = refresh_tokens.session_id AND refresh_tokens.generation < sessions.generation;
ALTER TABLE refresh_tokens DROP COLUMN generation;
ALTER TABLE sessions DROP COLUMN generation, DROP COLUMN rotate_time;

-- +goose Down
ALTER TABLE sessions
    ADD COLUMN generation bigint NOT NULL DEFAULT 2 CHECK (generation >= 1),
    ADD COLUMN rotate_time timestamptz;
UPDATE sessions SET rotate_time = coalesce(
    (SELECT max(use_time) FROM refresh_tokens WHERE session_id = sessions.id), create_time);
ALTER TABLE sessions
    ALTER COLUMN generation DROP DEFAULT,
    ALTER COLUMN rotate_time SET NOT NULL;
ALTER TABLE refresh_tokens ADD COLUMN generation bigint NOT NULL DEFAULT 2 CHECK (generation >= 1);
UPDATE refresh_tokens SET generation = 1 WHERE use_time IS NOT NULL;
ALTER TABLE refresh_tokens
    ALTER COLUMN generation DROP DEFAULT,
    DROP COLUMN use_time;

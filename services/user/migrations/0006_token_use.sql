-- Each refresh token remembers its first use, because it works for some seconds after that.

-- +goose Up

-- Null before the first use.
ALTER TABLE refresh_tokens ADD COLUMN use_time timestamptz;
-- The newest generation began with the first use of the one before; older ones were used earlier.
UPDATE refresh_tokens SET use_time = sessions.rotate_time
FROM sessions
WHERE sessions.id = refresh_tokens.session_id AND refresh_tokens.generation < sessions.generation;
-- Programs that do not know use_time read and write these. Where such a program and a newer one both refresh a
-- session, the older one may end it.
ALTER TABLE refresh_tokens ALTER COLUMN generation SET DEFAULT 1;
ALTER TABLE sessions ALTER COLUMN generation SET DEFAULT 1, ALTER COLUMN rotate_time SET DEFAULT now();

-- +goose Down
ALTER TABLE sessions ALTER COLUMN generation DROP DEFAULT, ALTER COLUMN rotate_time DROP DEFAULT;
ALTER TABLE refresh_tokens ALTER COLUMN generation DROP DEFAULT, DROP COLUMN use_time;

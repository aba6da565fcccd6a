-- The profile of a disabled account is hidden: nobody can book somebody who cannot
-- sign in.

-- +goose Up

-- The account's, kept here so that the profile's version grows with it.
ALTER TABLE masters ADD COLUMN disabled boolean NOT NULL DEFAULT false;
WITH changed AS (
    UPDATE masters SET disabled = true, version = masters.version + 1
    FROM users WHERE users.id = masters.id AND users.disabled AND NOT masters.deleted
    RETURNING masters.id, masters.version
)
INSERT INTO outbox (event_id, type, aggregate_id, aggregate_version, occurred_at, body)
SELECT gen_random_uuid(), 'master.updated', id, version, now(), jsonb_build_object('masterId', id, 'disabled', true)
FROM changed;

DROP INDEX masters_by_name, masters_by_rating, masters_search, masters_specialties;
CREATE INDEX masters_by_name ON masters (display_name, id) WHERE NOT deleted AND NOT disabled;
CREATE INDEX masters_by_rating ON masters (rating_mean, id) WHERE NOT deleted AND NOT disabled;
CREATE INDEX masters_search ON masters USING gin (search_text gin_trgm_ops) WHERE NOT deleted AND NOT disabled;
CREATE INDEX masters_specialties ON masters USING gin (specialty_keys jsonb_path_ops) WHERE NOT deleted AND NOT disabled;

-- +goose Down
DROP INDEX masters_by_name, masters_by_rating, masters_search, masters_specialties;
ALTER TABLE masters DROP COLUMN disabled;
CREATE INDEX masters_by_name ON masters (display_name, id) WHERE NOT deleted;
CREATE INDEX masters_by_rating ON masters (rating_mean, id) WHERE NOT deleted;
CREATE INDEX masters_search ON masters USING gin (search_text gin_trgm_ops) WHERE NOT deleted;
CREATE INDEX masters_specialties ON masters USING gin (specialty_keys jsonb_path_ops) WHERE NOT deleted;

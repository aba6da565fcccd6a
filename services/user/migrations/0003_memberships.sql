-- Who works in which salon, and as what. The platform's roles are CUSTOMER and ADMIN only.
-- All masters work in the first salon, whose id is the same in the schemas of all services.

-- +goose Up

-- What this service keeps of the salons, from salon.* events and from answers of their
-- owner. Deleted ones stay, so that an older event cannot bring them back.
CREATE TABLE salons (
    id         uuid    PRIMARY KEY,
    deleted    boolean NOT NULL,
    is_default boolean NOT NULL,
    -- 0 before the first event.
    version    bigint  NOT NULL CHECK (version >= 0)
);
CREATE INDEX salons_default ON salons (id) WHERE is_default AND NOT deleted;
INSERT INTO salons (id, deleted, is_default, version) VALUES ('00000000-0000-7000-8000-000000000001', false, true, 0);

-- A member without roles is deleted.
CREATE TABLE memberships (
    salon_id    uuid        NOT NULL REFERENCES salons (id),
    user_id     uuid        NOT NULL REFERENCES users (id),
    roles       text[]      NOT NULL
        CHECK (roles <@ ARRAY['MASTER', 'RECEPTIONIST', 'MANAGER'] AND cardinality(roles) >= 1)
        -- Each role once.
        CHECK (cardinality(roles) =
            ('MASTER' = ANY (roles))::integer + ('RECEPTIONIST' = ANY (roles))::integer + ('MANAGER' = ANY (roles))::integer),
    -- The etag.
    version     bigint      NOT NULL CHECK (version >= 1),
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (salon_id, user_id)
);
-- An account's memberships, for CheckSession.
CREATE INDEX memberships_user ON memberships (user_id);
-- A master works in one salon at a time.
CREATE UNIQUE INDEX memberships_master ON memberships (user_id) WHERE 'MASTER' = ANY (roles);
-- ListMembers.
CREATE INDEX memberships_oldest ON memberships (salon_id, create_time, user_id);

-- A closed or expired invitation stays for a while, so that a late answer is refused with
-- the reason.
CREATE TABLE invitations (
    id          uuid        PRIMARY KEY,
    salon_id    uuid        NOT NULL REFERENCES salons (id),
    -- Canonical, as in users.
    email       text        NOT NULL CHECK (email = lower(email COLLATE "C") AND email LIKE '%_@_%' AND char_length(email) <= 254),
    roles       text[]      NOT NULL
        CHECK (roles <@ ARRAY['MASTER', 'RECEPTIONIST', 'MANAGER'] AND cardinality(roles) BETWEEN 1 AND 3),
    -- Answered, withdrawn or replaced.
    closed      boolean     NOT NULL,
    create_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL CHECK (expire_time > create_time)
);
CREATE UNIQUE INDEX invitations_open ON invitations (salon_id, email) WHERE NOT closed;
-- ListInvitations and ListMyInvitations: newest first.
CREATE INDEX invitations_salon ON invitations (salon_id, create_time DESC, id DESC) WHERE NOT closed;
CREATE INDEX invitations_email ON invitations (email, create_time DESC, id DESC) WHERE NOT closed;
CREATE INDEX invitations_expire_time ON invitations (expire_time);

-- No address is verified yet.
ALTER TABLE users ADD COLUMN email_verified boolean NOT NULL DEFAULT false;

INSERT INTO memberships (salon_id, user_id, roles, version, create_time, update_time)
SELECT '00000000-0000-7000-8000-000000000001', id, ARRAY['MASTER'], 1, create_time, now()
FROM masters WHERE NOT deleted;

-- An account's version grows with its memberships.
ALTER TABLE users DROP CONSTRAINT users_role_check;
UPDATE users SET version = version + 1, update_time = now()
WHERE role = 'ADMIN' AND id IN (SELECT user_id FROM memberships);
WITH changed AS (
    UPDATE users SET role = 'CUSTOMER', version = version + 1, update_time = now()
    WHERE role = 'MASTER'
    RETURNING id, version, disabled
)
INSERT INTO outbox (event_id, type, aggregate_id, aggregate_version, occurred_at, body)
SELECT gen_random_uuid(), 'user.role_changed', id, version, now(),
    jsonb_build_object('userId', id, 'role', 'ROLE_CUSTOMER', 'disabled', disabled)
FROM changed;
ALTER TABLE users ADD CONSTRAINT users_role_check CHECK (role IN ('CUSTOMER', 'ADMIN'));

-- Where the master works, or worked last.
ALTER TABLE masters ADD COLUMN salon_id uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001' REFERENCES salons (id);
ALTER TABLE masters ALTER COLUMN salon_id DROP DEFAULT;
WITH changed AS (
    UPDATE masters SET version = version + 1, update_time = now()
    WHERE NOT deleted
    RETURNING id, version, disabled, salon_id
)
INSERT INTO outbox (event_id, type, aggregate_id, aggregate_version, occurred_at, body)
SELECT gen_random_uuid(), 'master.updated', id, version, now(),
    jsonb_build_object('masterId', id, 'disabled', disabled, 'salonId', salon_id)
FROM changed;
-- ListMasters of a salon, in its two orders and either direction.
CREATE INDEX masters_salon_by_name ON masters (salon_id, display_name, id) WHERE NOT deleted AND NOT disabled;
CREATE INDEX masters_salon_by_rating ON masters (salon_id, rating_mean, id) WHERE NOT deleted AND NOT disabled;

-- Searches fold accents too. What is stored is folded in case already.
UPDATE users SET search_text = normalize(regexp_replace(normalize(search_text, NFKD), '[\u0300-\u036f]', '', 'g'), NFC);
UPDATE masters SET
    search_text = normalize(regexp_replace(normalize(search_text, NFKD), '[\u0300-\u036f]', '', 'g'), NFC),
    specialty_keys = normalize(regexp_replace(normalize(specialty_keys::text, NFKD), '[\u0300-\u036f]', '', 'g'), NFC)::jsonb;

-- +goose Down
DROP INDEX masters_salon_by_name, masters_salon_by_rating;
ALTER TABLE users DROP CONSTRAINT users_role_check;
UPDATE users SET role = 'MASTER', version = version + 1
WHERE role = 'CUSTOMER' AND id IN (SELECT id FROM masters WHERE NOT deleted);
ALTER TABLE users ADD CONSTRAINT users_role_check CHECK (role IN ('CUSTOMER', 'MASTER', 'ADMIN'));
ALTER TABLE users DROP COLUMN email_verified;
ALTER TABLE masters DROP COLUMN salon_id;
DROP TABLE invitations;
DROP TABLE memberships;
DROP TABLE salons;

-- Accounts, sessions and masters. What the contract promises of a field is
-- checked here again, so that no program can store what no client may send.

-- +goose Up

CREATE TABLE users (
    id            uuid        PRIMARY KEY,
    -- Canonical: the program lowers letters outside of ASCII by its own rule, so
    -- that none of them becomes an ASCII one; here only ASCII can be checked.
    email         text        NOT NULL CHECK (email = lower(email COLLATE "C") AND email LIKE '%_@_%' AND char_length(email) <= 254),
    display_name  text        NOT NULL CHECK (char_length(display_name) BETWEEN 1 AND 100),
    phone         text        NOT NULL DEFAULT '' CHECK (phone ~ '^(\+[1-9][0-9]{6,14})?$'),
    role          text        NOT NULL CHECK (role IN ('CUSTOMER', 'MASTER', 'ADMIN')),
    -- argon2id in the PHC format.
    password_hash text        NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    -- Grows with every change of the password, but not when the same one is hashed
    -- anew: a sign-in that began before a change must not finish after it.
    password_version bigint   NOT NULL CHECK (password_version >= 1),
    disabled      boolean     NOT NULL DEFAULT false,
    -- Name and address, case-folded by the program: what ListUsers looks in.
    search_text   text        NOT NULL,
    -- The etag, and the aggregate version of user.* events.
    version       bigint      NOT NULL CHECK (version >= 1),
    create_time   timestamptz NOT NULL,
    update_time   timestamptz NOT NULL,
    CONSTRAINT users_email_key UNIQUE (email)
);
-- ListUsers: newest first.
CREATE INDEX users_newest ON users (create_time DESC, id DESC);
CREATE INDEX users_search ON users USING gin (search_text gin_trgm_ops);
-- The guard of the last administrator.
CREATE INDEX users_enabled_admins ON users (id) WHERE role = 'ADMIN' AND NOT disabled;

-- A session that ends is deleted, with its tokens.
CREATE TABLE sessions (
    id             uuid        PRIMARY KEY,
    user_id        uuid        NOT NULL REFERENCES users (id),
    user_agent     text        NOT NULL CHECK (char_length(user_agent) <= 255),
    ip_address     text        NOT NULL CHECK (char_length(ip_address) <= 64),
    -- The newest generation of refresh tokens, and when it began.
    generation     bigint      NOT NULL CHECK (generation >= 1),
    rotate_time    timestamptz NOT NULL,
    create_time    timestamptz NOT NULL,
    last_used_time timestamptz NOT NULL,
    expire_time    timestamptz NOT NULL CHECK (expire_time > create_time)
);
-- ListSessions: an account's, newest first.
CREATE INDEX sessions_user ON sessions (user_id, create_time DESC, id DESC);
CREATE INDEX sessions_expire_time ON sessions (expire_time);

-- Used tokens stay until they would have expired: one that comes again ends its session.
CREATE TABLE refresh_tokens (
    -- SHA-256 of the token.
    hash        bytea       PRIMARY KEY CHECK (octet_length(hash) = 32),
    session_id  uuid        NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    generation  bigint      NOT NULL CHECK (generation >= 1),
    create_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL CHECK (expire_time > create_time)
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expire_time ON refresh_tokens (expire_time);

CREATE TABLE masters (
    -- A master is an account.
    id               uuid        PRIMARY KEY REFERENCES users (id),
    -- Sorted as people expect it (Unicode's root collation), whatever the locale of
    -- the cluster is.
    display_name     text        COLLATE "und-x-icu" NOT NULL CHECK (char_length(display_name) BETWEEN 1 AND 100),
    bio              text        NOT NULL DEFAULT '' CHECK (char_length(bio) <= 2000),
    specialties      jsonb       NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(specialties) = 'array' AND jsonb_array_length(specialties) <= 20),
    experience_years integer     NOT NULL DEFAULT 0 CHECK (experience_years BETWEEN 0 AND 80),
    photo_url        text        NOT NULL DEFAULT '' CHECK (photo_url = '' OR (photo_url LIKE 'https://%' AND char_length(photo_url) <= 500)),
    -- Case-folded by the program: what ListMasters' query and specialty look in.
    search_text      text        NOT NULL,
    specialty_keys   jsonb       NOT NULL CHECK (jsonb_typeof(specialty_keys) = 'array'),
    -- From rating.* events; the version is that of the newest one.
    rating_count     integer     NOT NULL DEFAULT 0 CHECK (rating_count >= 0),
    rating_stars     bigint      NOT NULL DEFAULT 0 CHECK (rating_stars BETWEEN rating_count AND 5 * rating_count::bigint),
    rating_version   bigint      NOT NULL DEFAULT 0 CHECK (rating_version >= 0),
    rating_mean      double precision NOT NULL GENERATED ALWAYS AS
        (CASE WHEN rating_count = 0 THEN 0 ELSE rating_stars::double precision / rating_count END) STORED,
    -- Deleted profiles stay, for the bookings and ratings that refer to them.
    deleted          boolean     NOT NULL DEFAULT false,
    -- The first part of the etag, and the aggregate version of master.* events.
    version          bigint      NOT NULL CHECK (version >= 1),
    create_time      timestamptz NOT NULL,
    update_time      timestamptz NOT NULL
);
-- ListMasters, in its two orders and either direction.
CREATE INDEX masters_by_name ON masters (display_name, id) WHERE NOT deleted;
CREATE INDEX masters_by_rating ON masters (rating_mean, id) WHERE NOT deleted;
CREATE INDEX masters_search ON masters USING gin (search_text gin_trgm_ops) WHERE NOT deleted;
CREATE INDEX masters_specialties ON masters USING gin (specialty_keys jsonb_path_ops) WHERE NOT deleted;

-- Who performs which service: a projection of offering.* events. Deleted ones stay,
-- so that an older event cannot bring them back.
CREATE TABLE master_offerings (
    master_id  uuid    NOT NULL REFERENCES masters (id),
    service_id uuid    NOT NULL,
    deleted    boolean NOT NULL,
    version    bigint  NOT NULL CHECK (version >= 1),
    PRIMARY KEY (master_id, service_id)
);
CREATE INDEX master_offerings_service ON master_offerings (service_id, master_id) WHERE NOT deleted;

-- +goose Down
DROP TABLE master_offerings;
DROP TABLE masters;
DROP TABLE refresh_tokens;
DROP TABLE sessions;
DROP TABLE users;

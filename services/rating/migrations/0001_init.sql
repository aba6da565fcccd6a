-- +goose Up

-- Times are kept to the microsecond, in UTC. The tables of the platform (outbox, inbox, …) are not made here.

-- What ratings know of appointments, fed by their events: who may rate which visit, and until when.
CREATE TABLE visits (
    appointment_id uuid PRIMARY KEY,
    customer_id    uuid NOT NULL,
    -- The master of the visit's first segment: the one who is rated.
    master_id      uuid NOT NULL,
    -- The name of the appointment's state. Not a closed list: ratings only ask whether it is COMPLETED.
    state          text NOT NULL CHECK (state <> ''),
    complete_time  timestamptz CHECK (isfinite(complete_time)),
    -- The appointment's version; an older one never overwrites a newer one.
    version        bigint NOT NULL CHECK (version > 0),
    CHECK (state <> 'COMPLETED' OR complete_time IS NOT NULL)
);

-- What customers say of their visits.
CREATE TABLE ratings (
    id             uuid PRIMARY KEY,
    -- One rating a visit, for ever: a deleted rating stays as a tombstone.
    appointment_id uuid NOT NULL CONSTRAINT ratings_one_a_visit UNIQUE REFERENCES visits (appointment_id),
    master_id      uuid NOT NULL,
    customer_id    uuid NOT NULL,
    stars          smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    comment        text NOT NULL CHECK (char_length(comment) <= 2000),
    reply          text NOT NULL CHECK (char_length(reply) <= 2000),
    reply_time     timestamptz CHECK (isfinite(reply_time)),
    create_time    timestamptz NOT NULL CHECK (isfinite(create_time)),
    update_time    timestamptz NOT NULL CHECK (isfinite(update_time)),
    delete_time    timestamptz CHECK (isfinite(delete_time)),
    version        bigint NOT NULL CHECK (version > 0),
    CONSTRAINT ratings_reply_has_time CHECK ((reply = '') = (reply_time IS NULL)),
    -- The words of a deleted rating are forgotten.
    CONSTRAINT ratings_tombstone_is_silent CHECK (delete_time IS NULL OR (comment = '' AND reply = ''))
);

-- A master's ratings, newest first.
CREATE INDEX ratings_of_master ON ratings (master_id, create_time DESC, id DESC) WHERE delete_time IS NULL;

-- The sum of each master's ratings. Its row is locked by whoever changes one of them.
CREATE TABLE rating_summaries (
    master_id uuid PRIMARY KEY,
    count     integer NOT NULL CHECK (count >= 0),
    stars_sum bigint NOT NULL,
    -- How many ratings have 1, 2, 3, 4 and 5 stars.
    stars_1   integer NOT NULL CHECK (stars_1 >= 0),
    stars_2   integer NOT NULL CHECK (stars_2 >= 0),
    stars_3   integer NOT NULL CHECK (stars_3 >= 0),
    stars_4   integer NOT NULL CHECK (stars_4 >= 0),
    stars_5   integer NOT NULL CHECK (stars_5 >= 0),
    -- The aggregate version of the master's rating events.
    version   bigint NOT NULL CHECK (version >= 0),
    CONSTRAINT rating_summaries_add_up CHECK (
        count = stars_1 + stars_2 + stars_3 + stars_4 + stars_5
        AND stars_sum = stars_1 + 2 * stars_2 + 3 * stars_3 + 4 * stars_4 + 5 * stars_5
    )
);

-- +goose Down

DROP TABLE rating_summaries;
DROP TABLE ratings;
DROP TABLE visits;

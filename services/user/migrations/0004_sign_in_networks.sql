-- From which networks an account has signed in: failed sign-ins from elsewhere cannot lock
-- it out there.

-- +goose Up

-- Bounded by the program, in number and in age.
CREATE TABLE sign_in_networks (
    user_id        uuid        NOT NULL REFERENCES users (id),
    -- An IPv4 address, or the /64 of an IPv6 address.
    network        text        NOT NULL CHECK (char_length(network) BETWEEN 1 AND 64),
    -- When the account last signed in from there.
    last_used_time timestamptz NOT NULL,
    PRIMARY KEY (user_id, network)
);
CREATE INDEX sign_in_networks_last_used_time ON sign_in_networks (last_used_time);

-- Open sessions tell of sign-ins before.
INSERT INTO sign_in_networks (user_id, network, last_used_time)
SELECT user_id, network, max(create_time)
FROM (
    SELECT user_id, create_time, CASE
        WHEN ip_address ~ '^[0-9]{1,3}(\.[0-9]{1,3}){3}$' THEN ip_address
        WHEN ip_address ~ '^[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}$' THEN text(network(set_masklen(ip_address::inet, 64)))
    END AS network
    FROM sessions
) AS signed_in
WHERE network IS NOT NULL
GROUP BY user_id, network;

-- +goose Down
DROP TABLE sign_in_networks;

-- The rows from before are checked in a transaction of its own, which lets others read and write meanwhile.

-- +goose Up

ALTER TABLE claims VALIDATE CONSTRAINT claims_subject_kind_check;

-- +goose Down

-- +goose NO TRANSACTION
-- What is taken of a subject's time, for searches: a B-tree reads the claims of some weeks in a quarter of the time that the GiST index of the
-- exclusion constraint takes, which remains what keeps claims apart.
--
-- The index is built without keeping anybody from writing, which is not possible in a transaction. So each statement can be repeated: an attempt that
-- was interrupted is repeated as a whole.

-- +goose Up

DROP INDEX IF EXISTS claims_taken; -- not valid: of an attempt that was interrupted
CREATE INDEX CONCURRENTLY claims_taken ON claims (salon_id, subject_id, during) WHERE blocking;

-- +goose Down

DROP INDEX IF EXISTS claims_taken;

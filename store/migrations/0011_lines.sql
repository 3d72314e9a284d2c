-- What is asked of a line's failures lies in its index: a thousand of them lie in as many
-- pages of a large ledger. See docs/adr/0116.

-- +goose Up
DROP INDEX failures_by_to;
CREATE INDEX failures_by_to ON failures (serial >> 16, to_number, serial, substr(id, 1, 6), origin_id) WHERE to_number IS NOT NULL;

PRAGMA user_version = 11;

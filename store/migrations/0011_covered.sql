-- What is asked of a line's failures lies in its index: a thousand of them lie in as many
-- pages of a large ledger. See docs/adr/0116.

-- +goose Up
DROP INDEX failures_by_to;
CREATE INDEX failures_by_to ON failures (serial >> 16, to_number, serial, substr(id, 1, 6), origin_id) WHERE to_number IS NOT NULL;

-- In which order open incidents are shown, and which of them are muted.
CREATE INDEX incidents_by_urgency ON incidents (state, id, parent, acknowledged_at, COALESCE(json_extract(watch, '$.Urgency'), 0), callers);
CREATE INDEX incidents_muted ON incidents (state, id) WHERE json_extract(watch, '$.MutedBy') IS NOT NULL;

PRAGMA user_version = 11;

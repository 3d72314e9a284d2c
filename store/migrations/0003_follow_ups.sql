-- +goose Up
ALTER TABLE failures ADD COLUMN outcome INTEGER; -- how it ended, once something came back; NULL: as the answer says

CREATE TABLE follow_ups ( -- what came back about a failure
  id BLOB PRIMARY KEY, -- UUIDv7, as of failures
  about BLOB NOT NULL, -- failures.id
  request_key INTEGER NOT NULL, -- as of failures
  what INTEGER NOT NULL, -- incident.What
  step TEXT NOT NULL,
  heard TEXT NOT NULL, -- '' once erased
  why TEXT NOT NULL,
  outcome INTEGER NOT NULL -- 0: it says nothing about how it ended
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX follow_ups_once ON follow_ups (about, request_key, what);

CREATE TABLE recordings (
  sid TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  failure_id BLOB NOT NULL,
  at INTEGER NOT NULL,
  seconds INTEGER NOT NULL,
  transcript TEXT NOT NULL -- '' for none, or once erased
) STRICT, WITHOUT ROWID;
CREATE INDEX recordings_by_failure ON recordings (failure_id);

ALTER TABLE incidents ADD COLUMN ended TEXT NOT NULL DEFAULT '[]'; -- JSON: callers by how it ended for them
-- Of those before, only the failures that were saved are known: nearly as many callers.
UPDATE incidents SET ended = json_array(callers - MIN(saved, callers), MIN(saved, callers), 0, 0, 0, 0, 0);
ALTER TABLE incidents DROP COLUMN saved;

ALTER TABLE callers ADD COLUMN tries BLOB NOT NULL DEFAULT x''; -- incident.Tries: see packTries

PRAGMA user_version = 3;

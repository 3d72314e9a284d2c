-- +goose Up
ALTER TABLE incidents ADD COLUMN watch TEXT NOT NULL DEFAULT '{}'; -- JSON: incident.Watch
ALTER TABLE incidents ADD COLUMN parent INTEGER NOT NULL DEFAULT 0; -- the incident that explains it
ALTER TABLE incidents ADD COLUMN explains INTEGER NOT NULL DEFAULT 0; -- it may explain others
CREATE INDEX incidents_explained ON incidents (parent) WHERE parent <> 0;
CREATE INDEX incidents_explaining ON incidents (id) WHERE explains AND state IN (1, 2);
CREATE INDEX incidents_hushed ON incidents (id) WHERE state = 1 AND json_extract(watch, '$.Withheld');
-- What is open was last told of when it had its last failure, at the latest.
UPDATE incidents
SET watch = json_object('SaidAt', strftime('%Y-%m-%dT%H:%M:%fZ', last_at / 1000.0, 'unixepoch'))
WHERE state IN (1, 2);

ALTER TABLE alerts ADD COLUMN urgency INTEGER NOT NULL DEFAULT 0; -- incident.Urgency
ALTER TABLE alerts ADD COLUMN only_to TEXT NOT NULL DEFAULT ''; -- notifiers, by commas; '': as the routes say

CREATE TABLE silences ( -- what people are not told of, and until when
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  matches TEXT NOT NULL, -- JSON: incident.Match
  from_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  by_whom TEXT NOT NULL,
  ended_at INTEGER, -- by somebody, early
  ended_by TEXT NOT NULL
) STRICT;
CREATE INDEX silences_by_end ON silences (until_at);

PRAGMA user_version = 7;

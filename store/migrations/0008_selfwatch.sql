-- +goose Up
CREATE TABLE memos ( -- what this program has to remember about itself
  name TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  says TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE drill_runs ( -- drills of all lines, as planned
  slot INTEGER PRIMARY KEY, -- when it was planned for
  begun_at INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  ended_at INTEGER, -- NULL: under way, or cut short
  drills INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  says TEXT NOT NULL -- of those that failed: JSON, [{"Line": …, "Channel": …, "Why": …}]
) STRICT;

ALTER TABLE alerts ADD COLUMN summary TEXT NOT NULL DEFAULT ''; -- JSON: incident.Summary

PRAGMA user_version = 8;

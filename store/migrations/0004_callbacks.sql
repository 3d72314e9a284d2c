-- +goose Up
ALTER TABLE failures ADD COLUMN outbound INTEGER; -- we called, so that the person is To; NULL: as the answer's situation says

CREATE TABLE callbacks ( -- what people noted about calling somebody back
  person INTEGER NOT NULL, -- as failures.from_number
  line INTEGER NOT NULL, -- likewise; 0: none
  state INTEGER NOT NULL, -- history.CallbackState
  note TEXT NOT NULL,
  by_whom TEXT NOT NULL,
  at INTEGER NOT NULL,
  claimed_by TEXT NOT NULL, -- '' for nobody
  claimed_at INTEGER, -- NULL for never
  failed_at INTEGER NOT NULL, -- the failure that it was about: the row is as personal as that
  PRIMARY KEY (person, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX callbacks_by_failure ON callbacks (failed_at);

CREATE TABLE caller_reveals ( -- who looked at a list of callers
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  until INTEGER NOT NULL, -- the last time that it belongs to the same act
  by_whom TEXT NOT NULL,
  what TEXT NOT NULL,
  list TEXT NOT NULL, -- its filters, as a URL carries them
  people INTEGER NOT NULL,
  times INTEGER NOT NULL
) STRICT;
CREATE INDEX caller_reveals_by_list ON caller_reveals (by_whom, what, list);

PRAGMA user_version = 4;

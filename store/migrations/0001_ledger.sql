-- The ledger. Times are unix milliseconds, UTC, unless a name says otherwise.
-- Failures refer to their dictionary rows without foreign keys on purpose: a
-- removed dictionary row would have every failure searched. See docs/adr/0012.

-- +goose Up
CREATE TABLE ledger ( -- one row about this ledger
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id BLOB NOT NULL,
  serial INTEGER NOT NULL, -- the last number given to a failure
  erased_before INTEGER NOT NULL, -- failures from before that time are without personal data
  minutes_from INTEGER NOT NULL, -- from then on the counts by the minute are complete
  clock_at INTEGER NOT NULL -- what the clock said when it was last trusted
) STRICT;

INSERT INTO ledger (one, id, serial, erased_before, minutes_from, clock_at)
VALUES (1, randomblob(16), 0, 0, 0, 0);

CREATE TABLE cursors ( -- how far each journal has been fed
  journal TEXT PRIMARY KEY,
  row INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE texts ( -- error URLs without query, addresses that are no numbers
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL, -- 1 URL, 2 address
  hash INTEGER NOT NULL,
  text TEXT NOT NULL,
  used_at INTEGER NOT NULL -- the newest failure that used it, to the hour
) STRICT;
CREATE INDEX texts_by_hash ON texts (hash);
CREATE INDEX texts_by_use ON texts (kind, used_at);

CREATE TABLE causes (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE, -- incident.Cause.Key
  kind INTEGER NOT NULL,
  version INTEGER NOT NULL,
  account TEXT NOT NULL,
  code INTEGER NOT NULL,
  host TEXT NOT NULL,
  path TEXT NOT NULL
) STRICT;

CREATE TABLE origins ( -- what failures have in common but the people: every combination of it once
  id INTEGER PRIMARY KEY,
  cause_id INTEGER NOT NULL REFERENCES causes (id),
  channel INTEGER NOT NULL,
  code INTEGER NOT NULL,
  host TEXT NOT NULL, -- of ErrorUrl
  method TEXT NOT NULL,
  drill INTEGER NOT NULL,
  asked_first INTEGER NOT NULL,
  itself INTEGER NOT NULL,
  UNIQUE (cause_id, channel, code, host, method, drill, asked_first, itself)
) STRICT;
CREATE INDEX origins_by_code ON origins (code);
CREATE INDEX origins_by_host ON origins (host);

CREATE TABLE documents ( -- the TwiML that went out
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  body BLOB NOT NULL -- zstd
) STRICT;

CREATE TABLE answers ( -- all of an answer but how long it took
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  step TEXT NOT NULL,
  situation INTEGER NOT NULL,
  languages TEXT NOT NULL, -- comma-separated
  name TEXT NOT NULL,
  heard TEXT NOT NULL,
  why TEXT NOT NULL,
  outcome INTEGER NOT NULL,
  document_id INTEGER NOT NULL REFERENCES documents (id),
  used_at INTEGER NOT NULL -- the newest failure that had it, to the hour
) STRICT;
CREATE INDEX answers_by_document ON answers (document_id);
CREATE INDEX answers_by_use ON answers (used_at);

CREATE TABLE failures (
  serial INTEGER PRIMARY KEY, -- in the order of arrival
  id BLOB NOT NULL UNIQUE, -- UUIDv7: its first 48 bits are when the failure was received
  request_key INTEGER NOT NULL, -- the first 64 bits; 0 is none
  sid ANY, -- 16 bytes: a CallSid; 18 bytes: two letters and 16 bytes; text: anything else
  origin_id INTEGER NOT NULL,
  url_id INTEGER, -- texts
  url_query TEXT, -- the rest of ErrorUrl, from "?" or "#" on
  from_number INTEGER, -- +4930123456 without its plus; below 0: -texts.id
  to_number INTEGER, -- likewise
  incident_id INTEGER, -- none for drills
  answer_id INTEGER NOT NULL,
  took INTEGER NOT NULL, -- µs
  journal_delay INTEGER NOT NULL, -- ms from received to its journal entry
  ledger_delay INTEGER NOT NULL, -- ms from received to its place here
  late INTEGER NOT NULL,
  slim INTEGER NOT NULL, -- kept under overload with few parameters
  params BLOB -- package params; NULL once erased
) STRICT;
-- Indexes on values that come at random are led by a stretch of serial
-- numbers, so that inserting touches few pages however many failures there are.
CREATE INDEX failures_by_sid ON failures (serial >> 16, coalesce(sid, request_key));
CREATE INDEX failures_by_from ON failures (serial >> 16, from_number) WHERE from_number IS NOT NULL;
CREATE INDEX failures_by_to ON failures (serial >> 16, to_number) WHERE to_number IS NOT NULL;
CREATE INDEX failures_by_origin ON failures (origin_id);

CREATE TABLE places ( -- between which serial numbers the failures of a minute are to be found
  minute INTEGER PRIMARY KEY, -- unix minutes
  first_serial INTEGER NOT NULL,
  last_serial INTEGER NOT NULL
) STRICT;

CREATE TABLE incidents (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  cause_id INTEGER NOT NULL REFERENCES causes (id),
  host TEXT NOT NULL, -- of the first ErrorUrl
  state INTEGER NOT NULL,
  previous INTEGER NOT NULL,
  opened_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  quiet_at INTEGER,
  resolved_at INTEGER,
  resolved_by TEXT NOT NULL,
  acknowledged_at INTEGER,
  acknowledged_by TEXT NOT NULL,
  failures INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  callers INTEGER NOT NULL,
  late INTEGER NOT NULL,
  first_sample TEXT NOT NULL, -- JSON
  last_sample TEXT NOT NULL, -- JSON
  more_lines INTEGER NOT NULL,
  usual_gap INTEGER NOT NULL, -- ns
  told INTEGER NOT NULL,
  next_tick INTEGER, -- NULL: never
  first_serial INTEGER NOT NULL,
  last_serial INTEGER NOT NULL,
  has_callers INTEGER NOT NULL, -- rows in callers
  erased INTEGER NOT NULL -- personal data of its samples is gone
) STRICT;
CREATE INDEX incidents_by_cause ON incidents (cause_id, id);
CREATE INDEX incidents_by_opening ON incidents (opened_at);
CREATE INDEX incidents_by_state ON incidents (state, id);
CREATE INDEX incidents_by_host ON incidents (host, id);
CREATE INDEX incidents_by_last ON incidents (last_at);
CREATE INDEX incidents_with_callers ON incidents (state) WHERE has_callers;
CREATE INDEX incidents_not_erased ON incidents (last_at) WHERE NOT erased;
CREATE INDEX incidents_by_tick ON incidents (next_tick) WHERE next_tick IS NOT NULL;

CREATE TABLE callers ( -- distinct callers of incidents that are not over
  incident_id INTEGER NOT NULL,
  caller INTEGER NOT NULL, -- 48 bits of a hash
  PRIMARY KEY (incident_id, caller)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  incident_id INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  by_whom TEXT NOT NULL,
  what TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_incident ON events (incident_id, id);

CREATE TABLE hourly ( -- counts for ever
  hour INTEGER NOT NULL, -- unix hours
  incident_id INTEGER NOT NULL,
  origin_id INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  PRIMARY KEY (hour, incident_id, origin_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE minutely ( -- counts of the last two days
  minute INTEGER NOT NULL, -- unix minutes
  incident_id INTEGER NOT NULL,
  origin_id INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  PRIMARY KEY (minute, incident_id, origin_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE alerts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  incident_id INTEGER NOT NULL, -- 0: drills, meta-alerts
  failure_id BLOB, -- drills
  at INTEGER NOT NULL,
  callers INTEGER NOT NULL,
  reason TEXT NOT NULL,
  crowded INTEGER NOT NULL,
  topic TEXT NOT NULL,
  title TEXT NOT NULL,
  detail TEXT NOT NULL,
  not_to TEXT NOT NULL, -- a notifier
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX alerts_by_incident ON alerts (incident_id, id);
CREATE INDEX alerts_by_age ON alerts (created_at);
CREATE INDEX alerts_by_failure ON alerts (failure_id) WHERE failure_id IS NOT NULL;
CREATE INDEX alerts_by_topic ON alerts (topic, at) WHERE topic <> '';

CREATE TABLE deliveries ( -- the outbox
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
  notifier TEXT NOT NULL,
  state INTEGER NOT NULL, -- history.DeliveryState
  created_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  retry_at INTEGER NOT NULL, -- 0, or not before that time after an attempt that failed
  leased_until INTEGER NOT NULL, -- while sending
  head INTEGER NOT NULL, -- the delivery that names the message it was part of; 0 before
  told INTEGER NOT NULL, -- of a head: the alert whose kind the message told
  digest INTEGER NOT NULL, -- the message was a digest
  attempts INTEGER NOT NULL,
  sent_at INTEGER,
  last_error TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX deliveries_by_alert ON deliveries (alert_id);
CREATE INDEX deliveries_pending ON deliveries (notifier, id) WHERE state IN (1, 2);
CREATE INDEX deliveries_sent ON deliveries (notifier, sent_at) WHERE state = 3;
CREATE INDEX deliveries_dead ON deliveries (notifier) WHERE state = 5;

CREATE TABLE threads ( -- what a notifier wants to see again
  incident_id INTEGER NOT NULL,
  notifier TEXT NOT NULL,
  thread TEXT NOT NULL,
  PRIMARY KEY (incident_id, notifier)
) STRICT, WITHOUT ROWID;

CREATE TABLE notifiers (
  name TEXT PRIMARY KEY,
  succeeded_at INTEGER,
  failed_at INTEGER,
  last_error TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE reveals (
  id INTEGER PRIMARY KEY,
  failure_id BLOB NOT NULL,
  at INTEGER NOT NULL,
  by_whom TEXT NOT NULL,
  what TEXT NOT NULL
) STRICT;
CREATE INDEX reveals_by_failure ON reveals (failure_id, id);

CREATE TABLE set_aside ( -- journal entries that would not go in
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  raw BLOB NOT NULL
) STRICT;

PRAGMA application_id = 0x626b7374;
PRAGMA user_version = 1;

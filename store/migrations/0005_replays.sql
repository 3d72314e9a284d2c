-- +goose Up
ALTER TABLE failures ADD COLUMN token ANY; -- of messages, I-Twilio-Idempotency-Token: 16 bytes, a UUID; text: anything else
ALTER TABLE failures ADD COLUMN dropped INTEGER; -- parameters were left out on purpose; NULL: none, or nobody noted it

ALTER TABLE incidents ADD COLUMN unseen INTEGER NOT NULL DEFAULT 0; -- messages that no server of the customer has had
ALTER TABLE incidents ADD COLUMN opt_outs INTEGER NOT NULL DEFAULT 0; -- those of them that only say STOP or the like
UPDATE incidents
SET unseen = (
  SELECT COUNT(*)
  FROM failures AS f
  JOIN origins AS o ON o.id = f.origin_id
  JOIN answers AS a ON a.id = f.answer_id
  WHERE f.serial BETWEEN incidents.first_serial AND incidents.last_serial
    AND f.incident_id = incidents.id
    AND o.channel = 2
    AND a.outcome <> 1)
WHERE failures > calls;

CREATE TABLE opt_outs ( -- messages that only say STOP or the like
  failure_id BLOB PRIMARY KEY,
  incident_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX opt_outs_by_incident ON opt_outs (incident_id, failure_id);

CREATE TABLE replays ( -- messages on their way to the server that has not had them
  failure_id BLOB PRIMARY KEY,
  incident_id INTEGER NOT NULL,
  server TEXT NOT NULL, -- scheme and host
  opt_out INTEGER NOT NULL,
  state INTEGER NOT NULL, -- history.ReplayState
  asked_at INTEGER NOT NULL,
  asked_by TEXT NOT NULL,
  tries INTEGER NOT NULL, -- how often it was marked as being sent
  sent_at INTEGER, -- when it was, last
  status INTEGER NOT NULL, -- HTTP; 0 for none
  answer TEXT NOT NULL, -- how the answer begins; '' once erased
  error TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX replays_waiting ON replays (opt_out DESC, failure_id) WHERE state = 1;
CREATE INDEX replays_sending ON replays (state) WHERE state = 2;
CREATE INDEX replays_by_incident ON replays (incident_id, state, failure_id);

CREATE TABLE replay_orders ( -- incidents all of whose messages are wanted, until they have been looked through
  incident_id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  by_whom TEXT NOT NULL,
  serial INTEGER NOT NULL, -- its failures were looked at up to here
  last_serial INTEGER NOT NULL, -- and are to be up to here
  taken INTEGER NOT NULL, -- how many of them wait now
  left INTEGER NOT NULL -- how many cannot be sent
) STRICT;

CREATE TABLE replay_stops ( -- servers that failed so often that a person has to say when they are back
  server TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  why TEXT NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 5;

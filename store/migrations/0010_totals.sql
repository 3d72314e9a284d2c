-- Charts are drawn from counts. Led by their origin those of one host are
-- together, however many fail; what is asked for whatever the origin, all
-- failures or those of a code, is added up beforehand. See docs/adr/0110.

-- +goose Up
CREATE TABLE by_minute ( -- counts of the last two days
  origin_id INTEGER NOT NULL,
  minute INTEGER NOT NULL, -- unix minutes
  incident_id INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  PRIMARY KEY (origin_id, minute, incident_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX by_minute_oldest ON by_minute (minute);

CREATE TABLE by_hour ( -- counts for ever
  origin_id INTEGER NOT NULL,
  hour INTEGER NOT NULL, -- unix hours
  incident_id INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  PRIMARY KEY (origin_id, hour, incident_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE by_day ( -- counts for ever
  origin_id INTEGER NOT NULL,
  day INTEGER NOT NULL, -- unix days, UTC
  incident_id INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  PRIMARY KEY (origin_id, day, incident_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE totals ( -- the same, added up
  step INTEGER NOT NULL, -- what at counts: 0 minutes, of the last two days, 1 hours, 2 days
  code INTEGER NOT NULL, -- of ErrorCode; -1: whatever it is
  at INTEGER NOT NULL,
  channel INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  PRIMARY KEY (step, code, at, channel)
) STRICT, WITHOUT ROWID;

INSERT INTO by_minute (origin_id, minute, incident_id, failures)
SELECT origin_id, minute, incident_id, failures
FROM minutely
ORDER BY origin_id, minute, incident_id;

INSERT INTO by_hour (origin_id, hour, incident_id, failures)
SELECT origin_id, hour, incident_id, failures
FROM hourly
ORDER BY origin_id, hour, incident_id;

INSERT INTO by_day (origin_id, day, incident_id, failures)
SELECT origin_id, hour / 24, incident_id, SUM(failures)
FROM by_hour
GROUP BY 1, 2, 3;

INSERT INTO totals (step, code, at, channel, failures)
SELECT 0, o.code, k.minute, o.channel, SUM(k.failures)
FROM by_minute AS k
JOIN origins AS o ON o.id = k.origin_id
GROUP BY 2, 3, 4
UNION ALL
SELECT 1, o.code, k.hour, o.channel, SUM(k.failures)
FROM by_hour AS k
JOIN origins AS o ON o.id = k.origin_id
GROUP BY 2, 3, 4
UNION ALL
SELECT 2, o.code, k.day, o.channel, SUM(k.failures)
FROM by_day AS k
JOIN origins AS o ON o.id = k.origin_id
GROUP BY 2, 3, 4;

INSERT INTO totals (step, code, at, channel, failures)
SELECT step, -1, at, channel, SUM(failures)
FROM totals
GROUP BY step, at, channel;

CREATE TABLE places_by_day ( -- as places
  day INTEGER PRIMARY KEY, -- unix days, UTC
  first_serial INTEGER NOT NULL,
  last_serial INTEGER NOT NULL
) STRICT;

INSERT INTO places_by_day (day, first_serial, last_serial)
SELECT minute / 1440, MIN(first_serial), MAX(last_serial)
FROM places
GROUP BY 1;

DROP TABLE minutely;
DROP TABLE hourly;

PRAGMA user_version = 10;

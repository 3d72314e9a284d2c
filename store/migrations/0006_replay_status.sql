-- +goose Up
-- What metrics ask every few seconds, however many messages were sent ever.
CREATE INDEX replays_by_server ON replays (server) WHERE state = 1;
CREATE INDEX replays_unknown ON replays (state) WHERE state = 5;

PRAGMA user_version = 6;

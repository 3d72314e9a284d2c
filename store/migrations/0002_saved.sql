-- +goose Up
ALTER TABLE incidents ADD COLUMN saved INTEGER NOT NULL DEFAULT 0; -- the failures among them that a standby or a person took over
PRAGMA user_version = 2;

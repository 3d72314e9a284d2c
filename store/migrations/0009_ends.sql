-- +goose Up
ALTER TABLE alerts ADD COLUMN ends TEXT NOT NULL DEFAULT ''; -- topics of which it tells that they are over, by line feeds

PRAGMA user_version = 9;

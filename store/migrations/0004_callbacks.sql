-- +goose Up
-- Kept free for callbacks.
PRAGMA user_version = 4;

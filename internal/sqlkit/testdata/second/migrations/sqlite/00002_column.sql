-- +goose Up
ALTER TABLE kit_counters ADD COLUMN note TEXT NOT NULL DEFAULT '';

-- +goose Up
CREATE TABLE kit_half (n BIGINT NOT NULL);
INSERT INTO kit_nowhere (n) VALUES (1);

-- A check of a payload that ends the process is remembered.

ALTER TABLE shoal.received_evidence ADD COLUMN checks integer NOT NULL DEFAULT 0 CHECK (checks >= 0);
COMMENT ON COLUMN shoal.received_evidence.checks IS 'Checks of the fetched payload begun.';

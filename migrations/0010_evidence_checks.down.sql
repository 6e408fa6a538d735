ALTER TABLE shoal.received_evidence DROP COLUMN checks;

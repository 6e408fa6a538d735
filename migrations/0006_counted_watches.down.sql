DROP TABLE shoal.ledger_corrections;
ALTER TABLE shoal.received_evidence DROP COLUMN counted_until, DROP COLUMN counted_after;
ALTER TABLE shoal.releases DROP COLUMN counted_until, DROP COLUMN counted_after;

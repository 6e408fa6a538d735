ALTER TABLE shoal.ledger_corrections DROP COLUMN debited_at;
ALTER TABLE shoal.releases DROP COLUMN debited_at;
COMMENT ON COLUMN shoal.ledger_corrections.created_at IS 'When the budget was debited.';
COMMENT ON COLUMN shoal.releases.created_at IS 'When the budget was debited.';
DROP TABLE shoal.ledger_clock;

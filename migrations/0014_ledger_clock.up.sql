-- The ledger's own time: budget returns after 365 days of time that has certainly passed, whatever the wall clock says.

CREATE TABLE shoal.ledger_clock (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    counted timestamptz NOT NULL,
    seen timestamptz NOT NULL,
    boot uuid NOT NULL,
    uptime bigint NOT NULL CHECK (uptime >= 0)
);
COMMENT ON TABLE shoal.ledger_clock IS 'The privacy ledger''s own time, and the latest wall clock time that was believed: one row.';
COMMENT ON COLUMN shoal.ledger_clock.id IS 'Always 1.';
COMMENT ON COLUMN shoal.ledger_clock.counted IS 'The ledger''s own time. It only ever moves by time that has certainly passed.';
COMMENT ON COLUMN shoal.ledger_clock.seen IS 'The latest time of the wall clock that was believed.';
COMMENT ON COLUMN shoal.ledger_clock.boot IS 'The boot of the machine on which the row was written.';
COMMENT ON COLUMN shoal.ledger_clock.uptime IS 'Microseconds since that boot when the row was written.';

ALTER TABLE shoal.releases ADD COLUMN debited_at timestamptz;
UPDATE shoal.releases SET debited_at = created_at;
ALTER TABLE shoal.releases ALTER COLUMN debited_at SET NOT NULL;
CREATE INDEX releases_debited_at ON shoal.releases (debited_at);
COMMENT ON COLUMN shoal.releases.created_at IS 'When it was made, by the wall clock.';
COMMENT ON COLUMN shoal.releases.debited_at IS 'When the budget was debited, in the ledger''s own time.';

ALTER TABLE shoal.ledger_corrections ADD COLUMN debited_at timestamptz;
UPDATE shoal.ledger_corrections SET debited_at = created_at;
ALTER TABLE shoal.ledger_corrections ALTER COLUMN debited_at SET NOT NULL;
CREATE INDEX ledger_corrections_debited_at ON shoal.ledger_corrections (debited_at);
COMMENT ON COLUMN shoal.ledger_corrections.created_at IS 'When it was written, by the wall clock.';
COMMENT ON COLUMN shoal.ledger_corrections.debited_at IS 'When the budget was debited, in the ledger''s own time.';

-- Which watches a release counts, and budget that is debited for releases whose rows were lost.

ALTER TABLE shoal.releases
    ADD COLUMN counted_after timestamptz,
    ADD COLUMN counted_until timestamptz,
    ADD CHECK (counted_after < counted_until);
COMMENT ON COLUMN shoal.releases.counted_after IS 'Only watches first seen after this count; NULL: all earlier ones too.';
COMMENT ON COLUMN shoal.releases.counted_until IS 'Only watches first seen up to this count; the next release begins here. NULL: all, in releases of older versions.';

ALTER TABLE shoal.received_evidence
    ADD COLUMN counted_after timestamptz,
    ADD COLUMN counted_until timestamptz;
COMMENT ON COLUMN shoal.received_evidence.counted_after IS 'As the peer states: only watches first seen after this count; NULL: all earlier ones too.';
COMMENT ON COLUMN shoal.received_evidence.counted_until IS 'As the peer states: only watches first seen up to this count; NULL: the whole history.';

CREATE TABLE shoal.ledger_corrections (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL,
    reason text NOT NULL CHECK (reason IN ('unfinished', 'restored')),
    releases bigint NOT NULL CHECK (releases >= 0),
    gdp_mu double precision NOT NULL CHECK (gdp_mu >= 0 AND gdp_mu < 'Infinity'),
    payload_sha256 bytea UNIQUE CHECK (octet_length(payload_sha256) = 32),
    basis_id bytea CHECK (octet_length(basis_id) = 32),
    counted_until timestamptz
);
CREATE INDEX ledger_corrections_created_at ON shoal.ledger_corrections (created_at);
COMMENT ON TABLE shoal.ledger_corrections IS 'Budget debited for releases whose rows are missing from the ledger. They count as if they had been made when the row was written.';
COMMENT ON COLUMN shoal.ledger_corrections.id IS 'Order of the corrections.';
COMMENT ON COLUMN shoal.ledger_corrections.created_at IS 'When the budget was debited.';
COMMENT ON COLUMN shoal.ledger_corrections.reason IS 'unfinished: a process died while it committed a release; restored: the administrator confirmed that an older database was restored.';
COMMENT ON COLUMN shoal.ledger_corrections.releases IS 'How many releases are missing.';
COMMENT ON COLUMN shoal.ledger_corrections.gdp_mu IS 'Gaussian differential privacy of each of them; squares add up over releases.';
COMMENT ON COLUMN shoal.ledger_corrections.payload_sha256 IS 'Digest of the missing payload, where it is known.';
COMMENT ON COLUMN shoal.ledger_corrections.basis_id IS 'Digest of the public basis of the missing releases, where it is known.';
COMMENT ON COLUMN shoal.ledger_corrections.counted_until IS 'Watches up to this were counted by the missing releases; the next release begins here.';

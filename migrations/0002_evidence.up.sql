-- What left this instance, at what privacy cost, and what came from others.

CREATE TABLE shoal.releases (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL,
    epsilon double precision NOT NULL CHECK (epsilon >= 0),
    delta double precision NOT NULL CHECK (delta >= 0 AND delta < 1),
    gdp_mu double precision NOT NULL CHECK (gdp_mu >= 0 AND gdp_mu < 'Infinity'),
    noise_multiplier double precision NOT NULL CHECK (noise_multiplier >= 0),
    contributors bigint CHECK (contributors >= 0),
    basis_id bytea NOT NULL CHECK (octet_length(basis_id) = 32),
    payload_sha256 bytea NOT NULL UNIQUE CHECK (octet_length(payload_sha256) = 32),
    payload bytea NOT NULL,
    activity_url text NOT NULL UNIQUE,
    activity bytea NOT NULL
);
CREATE INDEX releases_created_at ON shoal.releases (created_at);
COMMENT ON TABLE shoal.releases IS 'The privacy ledger: one row per release, written before anything of it can leave.';
COMMENT ON COLUMN shoal.releases.id IS 'Order of the releases.';
COMMENT ON COLUMN shoal.releases.created_at IS 'When the budget was debited.';
COMMENT ON COLUMN shoal.releases.epsilon IS 'Epsilon of this release alone, at delta.';
COMMENT ON COLUMN shoal.releases.delta IS 'Delta at which epsilon is stated.';
COMMENT ON COLUMN shoal.releases.gdp_mu IS 'Gaussian differential privacy of this release; squares add up over releases.';
COMMENT ON COLUMN shoal.releases.noise_multiplier IS 'Standard deviation of the noise divided by the sensitivity.';
COMMENT ON COLUMN shoal.releases.contributors IS 'Accounts that contributed. Stays on this instance, is never sent.';
COMMENT ON COLUMN shoal.releases.basis_id IS 'Digest of the public basis of the evidence.';
COMMENT ON COLUMN shoal.releases.payload_sha256 IS 'Name under which peers fetch the payload.';
COMMENT ON COLUMN shoal.releases.payload IS 'The noised evidence as sent; noise is never drawn again for it.';
COMMENT ON COLUMN shoal.releases.activity_url IS 'Id of the Create activity that announces it.';
COMMENT ON COLUMN shoal.releases.activity IS 'The exact bytes of that activity.';

CREATE TABLE shoal.received_evidence (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    peer_id bigint NOT NULL REFERENCES shoal.peers (id) ON DELETE CASCADE,
    activity_url text NOT NULL UNIQUE,
    announced jsonb NOT NULL,
    payload_url text NOT NULL,
    payload_sha256 bytea NOT NULL CHECK (octet_length(payload_sha256) = 32),
    payload_size bigint NOT NULL CHECK (payload_size > 0),
    state text NOT NULL DEFAULT 'announced' CHECK (state IN ('announced', 'fetched', 'refused')),
    refusal text,
    payload bytea,
    received_at timestamptz NOT NULL,
    fetched_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    lease_token uuid,
    lease_expires_at timestamptz,
    CHECK ((state = 'fetched') = (payload IS NOT NULL)),
    CHECK ((state = 'refused') = (refusal IS NOT NULL))
);
CREATE INDEX received_evidence_peer ON shoal.received_evidence (peer_id, id);
CREATE INDEX received_evidence_announced ON shoal.received_evidence (next_attempt_at) WHERE state = 'announced';
COMMENT ON TABLE shoal.received_evidence IS 'Evidence that followed peers announced, and its payload once fetched and checked.';
COMMENT ON COLUMN shoal.received_evidence.id IS 'Order of arrival.';
COMMENT ON COLUMN shoal.received_evidence.peer_id IS 'Peer that announced it.';
COMMENT ON COLUMN shoal.received_evidence.activity_url IS 'Id of its Create activity.';
COMMENT ON COLUMN shoal.received_evidence.announced IS 'The evidence object as the peer sent it: basis, shape, support, noise.';
COMMENT ON COLUMN shoal.received_evidence.payload_url IS 'Where the payload is fetched.';
COMMENT ON COLUMN shoal.received_evidence.payload_sha256 IS 'Stated digest of the payload.';
COMMENT ON COLUMN shoal.received_evidence.payload_size IS 'Stated size of the payload in bytes.';
COMMENT ON COLUMN shoal.received_evidence.state IS 'announced, fetched (and checked), or refused.';
COMMENT ON COLUMN shoal.received_evidence.refusal IS 'Why it was refused.';
COMMENT ON COLUMN shoal.received_evidence.payload IS 'The checked payload.';
COMMENT ON COLUMN shoal.received_evidence.received_at IS 'When the announcement arrived.';
COMMENT ON COLUMN shoal.received_evidence.fetched_at IS 'When the payload was fetched.';
COMMENT ON COLUMN shoal.received_evidence.attempts IS 'Attempts to fetch begun.';
COMMENT ON COLUMN shoal.received_evidence.next_attempt_at IS 'Not to be fetched before.';
COMMENT ON COLUMN shoal.received_evidence.lease_token IS 'Which attempt holds the row.';
COMMENT ON COLUMN shoal.received_evidence.lease_expires_at IS 'When a crashed attempt lets go of the row.';

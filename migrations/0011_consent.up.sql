-- Consent that converges, followers that can still be reached, and outboxes that are read.

ALTER TABLE shoal.peers
    ADD COLUMN revision bigint NOT NULL DEFAULT 0,
    ADD COLUMN follower_held_url text,
    ADD COLUMN follower_confirmed_at timestamptz,
    ADD COLUMN sync_due_at timestamptz,
    ADD COLUMN sync_failures integer NOT NULL DEFAULT 0 CHECK (sync_failures >= 0),
    ADD COLUMN synced_at timestamptz,
    ADD COLUMN sync_error text;
-- Followers of older versions get a week in which to confirm themselves.
UPDATE shoal.peers SET follower_confirmed_at = now() WHERE follower = 'accepted';
CREATE INDEX peers_sync_due_at ON shoal.peers (sync_due_at);
COMMENT ON COLUMN shoal.peers.revision IS 'Grows with every change of who follows whom: an answer that was asked for before a change is ignored.';
COMMENT ON COLUMN shoal.peers.follower_held_url IS 'Id of another Follow of the peer, newer or older, until the peer is asked which one is open.';
COMMENT ON COLUMN shoal.peers.follower_confirmed_at IS 'When the peer last confirmed that it follows this sidecar: it took a delivery that rests on its follow, or stated so when asked.';
COMMENT ON COLUMN shoal.peers.sync_due_at IS 'When both sides'' states and the peer''s outbox are to be read next; while that is being done, when the attempt counts as crashed.';
COMMENT ON COLUMN shoal.peers.sync_failures IS 'Failed synchronizations since the last successful one.';
COMMENT ON COLUMN shoal.peers.synced_at IS 'When the peer last answered a synchronization.';
COMMENT ON COLUMN shoal.peers.sync_error IS 'Why the last synchronization failed.';

ALTER TABLE shoal.deliveries ADD COLUMN follow_url text;
COMMENT ON COLUMN shoal.deliveries.follow_url IS 'Id of the recipient''s Follow on which the activity rests: set for announcements and for the Accept.';

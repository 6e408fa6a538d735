-- Where followers come from and since when they wait, so that newcomers find room.

CREATE TABLE shoal.follower_origins (
    peer_id bigint PRIMARY KEY REFERENCES shoal.peers (id) ON DELETE CASCADE,
    domain text NOT NULL,
    network text,
    asked_at timestamptz NOT NULL
);
COMMENT ON TABLE shoal.follower_origins IS 'Where followers, and those that ask to follow, come from.';
COMMENT ON COLUMN shoal.follower_origins.peer_id IS 'The follower.';
COMMENT ON COLUMN shoal.follower_origins.domain IS 'Registrable domain of its actor; the host for followers of older versions.';
COMMENT ON COLUMN shoal.follower_origins.network IS 'Network of the server that showed its actor: /24 of IPv4, /48 of IPv6; NULL where it is not known or not public.';
COMMENT ON COLUMN shoal.follower_origins.asked_at IS 'When it asked to follow; a request that nobody answered is forgotten after 30 days.';

INSERT INTO shoal.follower_origins (peer_id, domain, asked_at)
SELECT id, host, coalesce(last_seen_at, fetched_at) FROM shoal.peers WHERE follower <> 'none';

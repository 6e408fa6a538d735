-- Who this sidecar is, whom it knows, and what it still has to deliver.

CREATE TABLE shoal.keys (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    private_key_pem text NOT NULL,
    public_key_pem text NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE shoal.keys IS 'The RSA key pair of this sidecar''s actor: one row.';
COMMENT ON COLUMN shoal.keys.id IS 'Always 1.';
COMMENT ON COLUMN shoal.keys.private_key_pem IS 'PKCS#8 PEM. Whoever reads it can speak for this sidecar.';
COMMENT ON COLUMN shoal.keys.public_key_pem IS 'SubjectPublicKeyInfo PEM, published in the actor document.';
COMMENT ON COLUMN shoal.keys.created_at IS 'When the pair was generated.';

CREATE TABLE shoal.peers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor_url text NOT NULL UNIQUE,
    inbox_url text NOT NULL,
    shared_inbox_url text,
    public_key_pem text NOT NULL,
    host text NOT NULL,
    name text NOT NULL,
    fetched_at timestamptz NOT NULL,
    last_seen_at timestamptz,
    following text NOT NULL DEFAULT 'none' CHECK (following IN ('none', 'requested', 'accepted', 'rejected')),
    following_activity_url text,
    follower text NOT NULL DEFAULT 'none' CHECK (follower IN ('none', 'pending', 'accepted', 'rejected')),
    follower_activity_url text
);
CREATE INDEX peers_host ON shoal.peers (host);
COMMENT ON TABLE shoal.peers IS 'One row per known sidecar of another instance.';
COMMENT ON COLUMN shoal.peers.id IS 'Internal number.';
COMMENT ON COLUMN shoal.peers.actor_url IS 'ActivityPub id of the peer''s actor.';
COMMENT ON COLUMN shoal.peers.inbox_url IS 'Where activities for the peer are posted.';
COMMENT ON COLUMN shoal.peers.shared_inbox_url IS 'Shared inbox of the peer''s server, preferred when there is one.';
COMMENT ON COLUMN shoal.peers.public_key_pem IS 'Key with which the peer''s signatures are verified.';
COMMENT ON COLUMN shoal.peers.host IS 'Host of actor_url, with the port if it has one.';
COMMENT ON COLUMN shoal.peers.name IS 'Display name from the actor document.';
COMMENT ON COLUMN shoal.peers.fetched_at IS 'When the actor document was last fetched.';
COMMENT ON COLUMN shoal.peers.last_seen_at IS 'When the peer last sent a valid activity.';
COMMENT ON COLUMN shoal.peers.following IS 'Whether this sidecar follows the peer: none, requested, accepted, rejected.';
COMMENT ON COLUMN shoal.peers.following_activity_url IS 'Id of the Follow that this sidecar sent.';
COMMENT ON COLUMN shoal.peers.follower IS 'Whether the peer follows this sidecar: none, pending, accepted, rejected.';
COMMENT ON COLUMN shoal.peers.follower_activity_url IS 'Id of the Follow that the peer sent.';

CREATE TABLE shoal.received_activities (
    activity_url text PRIMARY KEY,
    actor_url text NOT NULL,
    kind text NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX received_activities_received_at ON shoal.received_activities (received_at);
CREATE INDEX received_activities_actor_url ON shoal.received_activities (actor_url);
COMMENT ON TABLE shoal.received_activities IS 'Every activity that had an effect, inserted first: a second arrival has none.';
COMMENT ON COLUMN shoal.received_activities.activity_url IS 'Id of the activity.';
COMMENT ON COLUMN shoal.received_activities.actor_url IS 'Actor that signed it.';
COMMENT ON COLUMN shoal.received_activities.kind IS 'Type of the activity, such as Follow.';
COMMENT ON COLUMN shoal.received_activities.received_at IS 'When it arrived; rows older than 30 days are removed.';

CREATE TABLE shoal.deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    activity_url text NOT NULL,
    recipient_url text NOT NULL,
    inbox_url text NOT NULL,
    body bytea NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    created_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    lease_token uuid,
    lease_expires_at timestamptz,
    finished_at timestamptz,
    last_error text,
    UNIQUE (activity_url, inbox_url)
);
CREATE INDEX deliveries_pending ON shoal.deliveries (inbox_url, id) WHERE state = 'pending';
CREATE INDEX deliveries_finished_at ON shoal.deliveries (finished_at) WHERE state <> 'pending';
COMMENT ON TABLE shoal.deliveries IS 'Outgoing activities, one row per activity and inbox; those of one inbox leave in the order of id.';
COMMENT ON COLUMN shoal.deliveries.id IS 'Order of sending within an inbox.';
COMMENT ON COLUMN shoal.deliveries.activity_url IS 'Id of the activity.';
COMMENT ON COLUMN shoal.deliveries.recipient_url IS 'Actor for whom the delivery was made.';
COMMENT ON COLUMN shoal.deliveries.inbox_url IS 'Where it is posted.';
COMMENT ON COLUMN shoal.deliveries.body IS 'The exact JSON bytes that every attempt sends.';
COMMENT ON COLUMN shoal.deliveries.state IS 'pending, delivered, or failed (for good).';
COMMENT ON COLUMN shoal.deliveries.created_at IS 'When it was queued.';
COMMENT ON COLUMN shoal.deliveries.attempts IS 'Attempts begun.';
COMMENT ON COLUMN shoal.deliveries.next_attempt_at IS 'Not to be tried before.';
COMMENT ON COLUMN shoal.deliveries.lease_token IS 'Which attempt holds the row; a late result of an older attempt is ignored.';
COMMENT ON COLUMN shoal.deliveries.lease_expires_at IS 'When a crashed attempt lets go of the row.';
COMMENT ON COLUMN shoal.deliveries.finished_at IS 'When it was delivered or given up; such rows are removed after 30 days.';
COMMENT ON COLUMN shoal.deliveries.last_error IS 'Why the last attempt failed.';

-- Whose rows these are: PeerTube numbers its users anew when it is set up anew or restored from an older back-up.

CREATE TABLE shoal.accounts (
    user_id integer PRIMARY KEY,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE shoal.accounts IS 'When PeerTube created the account of each user about whom there is any row: another time means another person.';
COMMENT ON COLUMN shoal.accounts.user_id IS 'Number of the user in PeerTube.';
COMMENT ON COLUMN shoal.accounts.created_at IS 'When PeerTube created the account.';

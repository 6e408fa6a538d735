ALTER TABLE shoal.deliveries DROP COLUMN follow_url;
ALTER TABLE shoal.peers
    DROP COLUMN sync_error,
    DROP COLUMN synced_at,
    DROP COLUMN sync_failures,
    DROP COLUMN sync_due_at,
    DROP COLUMN follower_confirmed_at,
    DROP COLUMN follower_held_url,
    DROP COLUMN revision;

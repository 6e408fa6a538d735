DROP TABLE shoal.follower_origins;

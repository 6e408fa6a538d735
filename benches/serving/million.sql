-- A small instance that knows a million videos of others: 200 users with 60 watches each, 500 servers, 20,000 channels, all
-- followed by the instance. Ids: users, their accounts and actors 11 to 210; remote accounts 1001 to 21000; channels and their
-- actors 100001 to 120000. Tables without an index are filled faster, so this comes before the indexes where that can be had.
SELECT setseed(0.5);

INSERT INTO application (id, "migrationVersion") VALUES (1, 1070);
INSERT INTO server (id, host) SELECT n, 'far' || n || '.test' FROM generate_series(1, 500) n;

INSERT INTO account (id, name, "applicationId") VALUES (1, 'peertube', 1);
INSERT INTO actor (id, "accountId", "preferredUsername", url) VALUES (1, 1, 'peertube', 'https://here.test/accounts/peertube');

INSERT INTO "user" (id, username, email, "videosHistoryEnabled", "nsfwPolicy", role)
SELECT 10 + n, 'user' || n, 'user' || n || '@here.test', true, 'do_not_list', 2 FROM generate_series(1, 200) n;
INSERT INTO account (id, name, "userId") SELECT 10 + n, 'user' || n, 10 + n FROM generate_series(1, 200) n;
INSERT INTO actor (id, "accountId", "preferredUsername", url)
SELECT 10 + n, 10 + n, 'user' || n, 'https://here.test/accounts/user' || n FROM generate_series(1, 200) n;

INSERT INTO account (id, name) SELECT 1000 + n, 'remote' || n FROM generate_series(1, 20000) n;
INSERT INTO actor (id, "accountId", "serverId", "preferredUsername", url)
SELECT 1000 + n, 1000 + n, 1 + n % 500, 'remote' || n, format('https://far%s.test/accounts/remote%s', 1 + n % 500, n)
FROM generate_series(1, 20000) n;
INSERT INTO "videoChannel" (id, name, "accountId") SELECT 100000 + n, 'Channel number ' || n, 1000 + n FROM generate_series(1, 20000) n;
INSERT INTO actor (id, "videoChannelId", "serverId", "preferredUsername", type, url)
SELECT 100000 + n, 100000 + n, 1 + n % 500, 'channel' || n, 'Group',
       format('https://far%s.test/video-channels/channel%s', 1 + n % 500, n)
FROM generate_series(1, 20000) n;
INSERT INTO "actorFollow" ("actorId", "targetActorId", state)
SELECT 1, 100000 + n, 'accepted' FROM generate_series(1, 20000) n;

INSERT INTO video (id, uuid, name, category, language, privacy, state, duration, views, likes, remote, "channelId", url, "publishedAt")
SELECT n, gen_random_uuid(), format('Topic%s word%s word%s and more of it', n % 50, n % 997, n % 3313), 1 + n % 18,
       (ARRAY['en', 'en', 'fr', 'de', NULL])[1 + n % 5], 1, 1, 30 + (random() * 3000)::int,
       (200000 / (1 + n / 50.0))::int + (random() * 20)::int, (500 / (1 + n / 50.0))::int, true, 100001 + n % 20000,
       format('https://far%s.test/videos/watch/%s', 1 + (1 + n % 20000) % 500, gen_random_uuid()),
       timestamptz '2026-01-01' - random() * interval '2000 days'
FROM generate_series(1, 1000000) n;
INSERT INTO thumbnail (filename, width, height, "aspectRatio", "videoId")
SELECT n || '.jpg', 280, 157, '16:9', n FROM generate_series(1, 1000000) n;
INSERT INTO tag (id, name) SELECT n, 'tag' || n FROM generate_series(1, 5000) n;
INSERT INTO "videoTag" ("videoId", "tagId")
SELECT n, 1 + (n * 7 + k * 1013) % 5000 FROM generate_series(1, 1000000) n, generate_series(0, 2) k;

INSERT INTO "userVideoHistory" ("userId", "videoId", "currentTime", "createdAt", "updatedAt")
SELECT 10 + u, 1 + (u % 50 + 50 * ((u * 31 + k * k * 7) % 20000)) % 1000000, 30 + (random() * 2000)::int, at, at
FROM generate_series(1, 200) u, generate_series(1, 60) k, LATERAL (SELECT timestamptz '2026-01-01' - random() * interval '300 days' AS at) drawn
ON CONFLICT DO NOTHING;

ANALYZE;

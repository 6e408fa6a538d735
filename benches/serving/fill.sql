-- An instance with 10,000 users, 3,000 channels (1,000 of them here) and 100,000 videos; 100 watches of each user, mostly
-- within one of 50 topics. Ids: users, their accounts and actors 11 to 10010; remote accounts 20001 to 22000; channels and
-- their actors 30001 to 33000.
SELECT setseed(0.5);

INSERT INTO application (id, "migrationVersion") VALUES (1, 1070);
INSERT INTO server (id, host) SELECT n, 'far' || n || '.test' FROM generate_series(1, 20) n;

INSERT INTO account (id, name, "applicationId") VALUES (1, 'peertube', 1);
INSERT INTO actor (id, "accountId", "preferredUsername", url) VALUES (1, 1, 'peertube', 'https://here.test/accounts/peertube');

INSERT INTO "user" (id, username, email, "videosHistoryEnabled", "nsfwPolicy", role)
SELECT 10 + n, 'user' || n, 'user' || n || '@here.test', true, 'do_not_list', 2 FROM generate_series(1, 10000) n;
INSERT INTO account (id, name, "userId") SELECT 10 + n, 'user' || n, 10 + n FROM generate_series(1, 10000) n;
INSERT INTO actor (id, "accountId", "preferredUsername", url)
SELECT 10 + n, 10 + n, 'user' || n, 'https://here.test/accounts/user' || n FROM generate_series(1, 10000) n;

INSERT INTO account (id, name) SELECT 20000 + n, 'remote' || n FROM generate_series(1, 2000) n;
INSERT INTO actor (id, "accountId", "serverId", "preferredUsername", url)
SELECT 20000 + n, 20000 + n, 1 + n % 20, 'remote' || n, format('https://far%s.test/accounts/remote%s', 1 + n % 20, n)
FROM generate_series(1, 2000) n;

INSERT INTO "videoChannel" (id, name, "accountId")
SELECT 30000 + n, 'Channel ' || n, CASE WHEN n <= 1000 THEN 10 + n ELSE 19000 + n END FROM generate_series(1, 3000) n;
INSERT INTO actor (id, "videoChannelId", "serverId", "preferredUsername", type, url)
SELECT 30000 + n, 30000 + n, CASE WHEN n > 1000 THEN 1 + n % 20 END, 'channel' || n, 'Group',
       format('https://%s.test/video-channels/channel%s', CASE WHEN n > 1000 THEN 'far' || 1 + n % 20 ELSE 'here' END, n)
FROM generate_series(1, 3000) n;
-- The instance follows every remote channel; every user five channels of the own topic.
INSERT INTO "actorFollow" ("actorId", "targetActorId", state)
SELECT 1, 30000 + n, 'accepted' FROM generate_series(1001, 3000) n;
INSERT INTO "actorFollow" ("actorId", "targetActorId", state)
SELECT 10 + u, 30001 + u % 50 + 50 * ((u * 7 + k * 11) % 60), 'accepted' FROM generate_series(1, 10000) u, generate_series(1, 5) k;

-- Video n is about topic n % 50, and so is its channel. Views fall with n: the first videos of each topic are the popular ones.
INSERT INTO video (id, uuid, name, category, language, privacy, state, duration, views, likes, remote, "channelId", url, "publishedAt")
SELECT n, gen_random_uuid(), format('Topic%s word%s word%s', n % 50, n % 997, n % 313), 1 + n % 18,
       (ARRAY['en', 'en', 'fr', 'de', NULL])[1 + n % 5], 1, 1, 30 + (random() * 3000)::int,
       (50000 / (1 + n / 50.0))::int + (random() * 20)::int, (500 / (1 + n / 50.0))::int, channel > 1000, 30000 + channel,
       format('https://%s.test/videos/%s', CASE WHEN channel > 1000 THEN 'far' || 1 + channel % 20 ELSE 'here' END, n),
       timestamptz '2026-01-01' - random() * interval '1000 days'
FROM (SELECT n, 1 + n % 50 + 50 * (60 * random() * random())::int % 3000 AS channel FROM generate_series(1, 100000) n) numbered;
INSERT INTO thumbnail (filename, width, height, "aspectRatio", "videoId")
SELECT n || '.jpg', 280, 157, '16:9', n FROM generate_series(1, 100000) n;

INSERT INTO tag (id, name) SELECT n, 'tag' || n FROM generate_series(1, 2000) n;
INSERT INTO "videoTag" ("videoId", "tagId")
SELECT n, 1 + (n % 50 + 50 * tag) % 2000
FROM generate_series(1, 100000) n, LATERAL (SELECT DISTINCT floor(40 * random() * random())::int AS tag FROM generate_series(1, 3 + n * 0)) chosen;

INSERT INTO "userVideoHistory" ("userId", "videoId", "currentTime", "createdAt", "updatedAt")
SELECT 10 + u, video, 30 + (random() * 2000)::int, at, at
FROM generate_series(1, 10000) u,
     LATERAL (
         SELECT DISTINCT ON (video) video, timestamptz '2026-01-01' - random() * interval '300 days' AS at
         FROM (
             SELECT 1 + (u % 50 + 50 * (2000 * random() ^ 3)::int + CASE WHEN random() < 0.3 THEN (random() * 49)::int ELSE 0 END) % 100000 AS video
             FROM generate_series(1, 160 + u * 0)
         ) drawn
     ) watched;

-- Some of the draws fell on the same video: everybody keeps 100.
DELETE FROM "userVideoHistory" h
USING (
    SELECT "userId", "videoId", row_number() OVER (PARTITION BY "userId" ORDER BY md5("userId" || ' ' || "videoId")) AS place
    FROM "userVideoHistory"
) numbered
WHERE h."userId" = numbered."userId" AND h."videoId" = numbered."videoId" AND numbered.place > 100;

ANALYZE;

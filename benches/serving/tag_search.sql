-- What PeerTube 8.2 asks its database for "Other videos" of a visitor: local search, one of these tags, newest first. The
-- conditions are those of its list query: not taken down, nobody muted, published, public, local or followed. The joins
-- that fetch titles and pictures, and everything that Node does with the rows, are left out, in PeerTube's favour.
SELECT video.id
FROM video
JOIN "videoChannel" channel ON channel.id = video."channelId"
JOIN actor channel_actor ON channel_actor."videoChannelId" = channel.id
JOIN account ON account.id = channel."accountId"
JOIN actor account_actor ON account_actor."accountId" = account.id
WHERE video.id NOT IN (SELECT "videoId" FROM "videoBlacklist")
  AND NOT EXISTS (
      SELECT 1 FROM "accountBlocklist" muted WHERE muted."accountId" IN (1) AND muted."targetAccountId" = account.id
  )
  AND NOT EXISTS (
      SELECT 1 FROM "serverBlocklist" muted WHERE muted."accountId" IN (1) AND muted."targetServerId" = account_actor."serverId"
  )
  AND (video.state = 1 OR (video.state = 2 AND video."waitTranscoding" IS FALSE))
  AND video.privacy = 1
  AND (
      EXISTS (
          SELECT 1 FROM "videoShare" share
          JOIN "actorFollow" follow ON follow."targetActorId" = share."actorId"
          WHERE follow."actorId" = 1 AND follow.state = 'accepted' AND share."videoId" = video.id
      )
      OR EXISTS (
          SELECT 1 FROM "actorFollow" follow
          WHERE follow."actorId" = 1 AND follow.state = 'accepted' AND follow."targetActorId" IN (account_actor.id, channel_actor.id)
      )
      OR video.remote IS FALSE
  )
  AND video.id IN (
      SELECT video_tag."videoId" FROM "videoTag" video_tag
      JOIN tag ON tag.id = video_tag."tagId"
      WHERE lower(tag.name) = ANY ($1)
  )
  AND video.nsfw IS FALSE
ORDER BY video."publishedAt" DESC, video.id ASC
LIMIT $2

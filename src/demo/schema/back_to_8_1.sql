-- What PeerTube 8.2 (migration 1070) changed, undone: the layout of 8.1 (migration 1000).

ALTER TABLE "videoStat" RENAME TO "videoView";
ALTER TABLE "videoView" DROP COLUMN downloads;
ALTER INDEX "videoStat_pkey" RENAME TO "videoView_pkey";
ALTER INDEX video_stat_start_date RENAME TO video_view_start_date;
ALTER INDEX video_stat_video_id RENAME TO video_view_video_id;
ALTER SEQUENCE "videoStat_id_seq" RENAME TO "videoView_id_seq";
ALTER TABLE video DROP COLUMN downloads, DROP COLUMN "firstPublishedAt";
ALTER TABLE "videoChannel" DROP COLUMN "publicEmail";
ALTER TABLE "accountBlocklist" DROP COLUMN "blocklistSubscriptionId";
ALTER TABLE "serverBlocklist" DROP COLUMN "blocklistSubscriptionId";
ALTER TABLE "videoBlacklist" DROP COLUMN "internalNote";
DROP INDEX thumbnail_video_playlist_id;
CREATE UNIQUE INDEX thumbnail_video_playlist_id ON thumbnail ("videoPlaylistId");
ALTER TABLE "oAuthToken" ALTER COLUMN "loginDevice" TYPE varchar(255), ALTER COLUMN "lastActivityDevice" TYPE varchar(255);
ALTER TABLE "localVideoViewer" ALTER COLUMN client TYPE varchar(255), ALTER COLUMN url TYPE varchar(255);
ALTER TABLE plugin ALTER COLUMN description TYPE varchar(255), ALTER COLUMN homepage TYPE varchar(255);

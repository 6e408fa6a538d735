-- What PeerTube 8.1 (migration 1000) changed, undone: the layout of 8.0 (migration 970).

ALTER TABLE application DROP COLUMN "configPart";
ALTER TABLE video DROP COLUMN "embedPrivacyPolicy";
-- 8.0 tells miniatures (type 1) from previews (type 2), and which of them lie on its own disk.
ALTER TABLE thumbnail
    DROP COLUMN "aspectRatio",
    DROP COLUMN cached,
    ADD COLUMN type integer NOT NULL,
    ADD COLUMN "onDisk" boolean NOT NULL;
DROP INDEX thumbnail_filename;
CREATE UNIQUE INDEX thumbnail_filename_type ON thumbnail (filename, type);

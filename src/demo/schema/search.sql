-- The trigram indexes of PeerTube's search, where the server has both extensions and lets this role create them.
-- Shoal itself reads nothing through them; whether they exist is told by immutable_unaccent.
DO $search$
BEGIN
    IF (SELECT count(*) FROM pg_available_extensions WHERE name IN ('pg_trgm', 'unaccent')) < 2 THEN
        RETURN;
    END IF;
    BEGIN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
        CREATE EXTENSION IF NOT EXISTS unaccent;
    EXCEPTION WHEN insufficient_privilege OR undefined_file THEN
        RETURN;
    END;
    CREATE FUNCTION immutable_unaccent(given text) RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
        AS $body$ SELECT public.unaccent('public.unaccent'::regdictionary, given) $body$;
    CREATE INDEX video_name_trigram ON video USING gin (lower(immutable_unaccent(name)) gin_trgm_ops);
    CREATE INDEX video_channel_name_trigram ON "videoChannel" USING gin (lower(immutable_unaccent(name)) gin_trgm_ops);
    CREATE INDEX video_playlist_name_trigram ON "videoPlaylist" USING gin (lower(immutable_unaccent(name)) gin_trgm_ops);
END
$search$;

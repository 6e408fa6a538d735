-- The role with which Shoal reads PeerTube's database: it can read the columns listed below and nothing else,
-- and it can write nothing. Passwords, e-mail addresses, tokens, IP addresses and private keys stay out of its reach.
--
-- Run it on PeerTube's own database, as a role that may create roles and grant on PeerTube's tables (usually
-- `postgres`), after PeerTube has started at least once:
--
--     psql --dbname peertube --variable role=shoal_reader --variable password="$(cat password-file)" \
--          --file peertube-read-role.sql
--
-- On a machine that others use, where command lines are visible, start psql first and use \set and \i instead.
--
-- Run it again at any time, and after every PeerTube upgrade: it takes away all rights of the role on PeerTube's
-- tables first, so what is granted is exactly this file. To forbid everything: DROP OWNED BY and DROP ROLE.
--
-- The only parameters are the two values in the next lines. Nothing in this file needs psql itself.

BEGIN;

SET LOCAL shoal.role = :'role';
SET LOCAL shoal.password = :'password';

DO $role$
DECLARE
    role_name text := current_setting('shoal.role');
BEGIN
    IF to_regclass('public.application') IS NULL OR to_regclass('public."userVideoHistory"') IS NULL THEN
        RAISE EXCEPTION 'the database "%" holds no PeerTube tables', current_database()
            USING HINT = 'Connect to PeerTube''s own database, and start PeerTube once before running this file.';
    END IF;

    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
        EXECUTE format('CREATE ROLE %I', role_name);
    END IF;

    -- The settings below would stop PeerTube from writing if its own role were named by mistake.
    IF EXISTS (
        SELECT FROM pg_roles WHERE rolname = role_name AND (
            rolsuper
            OR EXISTS (SELECT FROM pg_database d WHERE d.datdba = pg_roles.oid)
            OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = pg_roles.oid)
        )
    ) THEN
        RAISE EXCEPTION 'the role "%" is a superuser or owns tables or a database', role_name
            USING HINT = 'Choose another name: this file makes a role that can only read.';
    END IF;

    EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', role_name, current_setting('shoal.password'));
    EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', role_name);
    EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', role_name, '60s');
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', role_name, '300s');
END
$role$;

DO $grants$
DECLARE
    role_name text := current_setting('shoal.role');
    entry record;
BEGIN
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', role_name);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role_name);
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', role_name);

    -- Columns that this PeerTube does not have are left out: tables change between its versions.
    FOR entry IN
        SELECT listed.relation, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
        FROM (VALUES
            ('application', ARRAY['migrationVersion']),
            ('user', ARRAY['id', 'createdAt', 'blocked', 'videosHistoryEnabled', 'videoLanguages', 'nsfwPolicy',
                           'nsfwFlagsDisplayed', 'nsfwFlagsHidden', 'nsfwFlagsBlurred', 'nsfwFlagsWarned']),
            ('account', ARRAY['id', 'userId', 'applicationId']),
            ('actor', ARRAY['id', 'url', 'preferredUsername', 'publicKey', 'serverId', 'accountId', 'videoChannelId']),
            ('actorFollow', ARRAY['actorId', 'targetActorId', 'state', 'createdAt']),
            ('server', ARRAY['id', 'host']),
            ('accountBlocklist', ARRAY['accountId', 'targetAccountId']),
            ('serverBlocklist', ARRAY['accountId', 'targetServerId']),
            ('videoChannel', ARRAY['id', 'name', 'accountId']),
            ('video', ARRAY['id', 'uuid', 'url', 'name', 'category', 'language', 'privacy', 'state',
                            'waitTranscoding', 'nsfw', 'nsfwFlags', 'duration', 'views', 'likes', 'dislikes',
                            'remote', 'isLive', 'publishedAt', 'createdAt', 'channelId', 'recommendationPolicy']),
            ('videoBlacklist', ARRAY['videoId']),
            ('videoShare', ARRAY['videoId', 'actorId']),
            ('videoCaption', ARRAY['videoId', 'language']),
            ('videoTag', ARRAY['videoId', 'tagId']),
            ('tag', ARRAY['id', 'name']),
            ('thumbnail', ARRAY['id', 'videoId', 'filename', 'width', 'type', 'aspectRatio']),
            ('videoStat', ARRAY['videoId', 'startDate', 'views']),
            ('videoView', ARRAY['videoId', 'startDate', 'views']),
            ('videoPlaylist', ARRAY['id', 'privacy', 'type', 'ownerAccountId']),
            ('videoPlaylistElement', ARRAY['id', 'videoPlaylistId', 'videoId', 'position']),
            ('videoComment', ARRAY['accountId', 'videoId', 'deletedAt', 'heldForReview', 'createdAt']),
            ('userVideoHistory', ARRAY['userId', 'videoId', 'currentTime', 'createdAt', 'updatedAt']),
            ('accountVideoRate', ARRAY['accountId', 'videoId', 'type', 'createdAt', 'updatedAt'])
        ) AS listed (relation, names)
        JOIN pg_class c ON c.relname = listed.relation AND c.relkind IN ('r', 'p')
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = ANY (listed.names) AND NOT a.attisdropped
        GROUP BY listed.relation
    LOOP
        EXECUTE format('GRANT SELECT (%s) ON TABLE public.%I TO %I', entry.columns, entry.relation, role_name);
    END LOOP;
END
$grants$;

COMMIT;

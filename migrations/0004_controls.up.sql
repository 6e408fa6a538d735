-- What users decided, and randomized reports of visitors.

CREATE TABLE shoal.user_settings (
    user_id integer PRIMARY KEY,
    level text CHECK (level IN ('off', 'content-only', 'local', 'contribute')),
    discover real NOT NULL DEFAULT 0 CHECK (discover BETWEEN -1 AND 1),
    fresh real NOT NULL DEFAULT 0 CHECK (fresh BETWEEN -1 AND 1),
    wide real NOT NULL DEFAULT 0 CHECK (wide BETWEEN -1 AND 1),
    tags_up text[] NOT NULL DEFAULT '{}',
    tags_down text[] NOT NULL DEFAULT '{}',
    categories_up integer[] NOT NULL DEFAULT '{}',
    categories_down integer[] NOT NULL DEFAULT '{}',
    history_from timestamptz,
    forgotten_at timestamptz,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE shoal.user_settings IS 'What a user decided; no row: everything as the instance has it.';
COMMENT ON COLUMN shoal.user_settings.user_id IS 'Number of the user in PeerTube.';
COMMENT ON COLUMN shoal.user_settings.level IS 'What the history may be used for: off, content-only, local, contribute; null: the default of the instance.';
COMMENT ON COLUMN shoal.user_settings.discover IS 'From -1, familiar, to 1, discover.';
COMMENT ON COLUMN shoal.user_settings.fresh IS 'From -1, timeless, to 1, fresh.';
COMMENT ON COLUMN shoal.user_settings.wide IS 'From -1, local videos, to 1, videos of other instances.';
COMMENT ON COLUMN shoal.user_settings.tags_up IS 'Tags to see more of, lower case.';
COMMENT ON COLUMN shoal.user_settings.tags_down IS 'Tags to see less of, lower case.';
COMMENT ON COLUMN shoal.user_settings.categories_up IS 'PeerTube''s categories to see more of.';
COMMENT ON COLUMN shoal.user_settings.categories_down IS 'PeerTube''s categories to see less of.';
COMMENT ON COLUMN shoal.user_settings.history_from IS 'Last reset: watches and ratings before it are not learned from.';
COMMENT ON COLUMN shoal.user_settings.forgotten_at IS 'When the user last deleted everything: earlier levels are not known.';
COMMENT ON COLUMN shoal.user_settings.updated_at IS 'When the row was last written.';

CREATE TABLE shoal.user_levels (
    user_id integer NOT NULL,
    since timestamptz NOT NULL,
    level text CHECK (level IN ('off', 'content-only', 'local', 'contribute')),
    PRIMARY KEY (user_id, since)
);
COMMENT ON TABLE shoal.user_levels IS 'Every change of a level, so that a user can see what was allowed at the time of a release.';
COMMENT ON COLUMN shoal.user_levels.user_id IS 'Number of the user in PeerTube.';
COMMENT ON COLUMN shoal.user_levels.since IS 'From when on.';
COMMENT ON COLUMN shoal.user_levels.level IS 'The level; null: the default of the instance.';

CREATE TABLE shoal.default_levels (
    since timestamptz PRIMARY KEY,
    level text NOT NULL CHECK (level IN ('off', 'content-only', 'local', 'contribute'))
);
COMMENT ON TABLE shoal.default_levels IS 'Every change of the level of users who made no choice.';
COMMENT ON COLUMN shoal.default_levels.since IS 'From when on.';
COMMENT ON COLUMN shoal.default_levels.level IS 'The level.';

CREATE TABLE shoal.not_interested (
    user_id integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('video', 'channel')),
    target_id integer NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, kind, target_id)
);
COMMENT ON TABLE shoal.not_interested IS 'Videos and channels that a user never wants to be shown.';
COMMENT ON COLUMN shoal.not_interested.user_id IS 'Number of the user in PeerTube.';
COMMENT ON COLUMN shoal.not_interested.kind IS 'video or channel.';
COMMENT ON COLUMN shoal.not_interested.target_id IS 'Number of the video or channel in PeerTube.';
COMMENT ON COLUMN shoal.not_interested.created_at IS 'When the user said so.';

CREATE TABLE shoal.visitor_counts (
    version text NOT NULL,
    day date NOT NULL,
    topic integer NOT NULL CHECK (topic >= 0),
    reports bigint NOT NULL CHECK (reports >= 0),
    PRIMARY KEY (version, day, topic)
);
COMMENT ON TABLE shoal.visitor_counts IS 'Randomized reports of visitors, as counts: no report is kept, nor who sent it.';
COMMENT ON COLUMN shoal.visitor_counts.version IS 'Mechanism, number of topics and epsilon under which the reports were randomized.';
COMMENT ON COLUMN shoal.visitor_counts.day IS 'Day of arrival, UTC.';
COMMENT ON COLUMN shoal.visitor_counts.topic IS 'Number of the topic; 0: all reports of the day, whatever they say.';
COMMENT ON COLUMN shoal.visitor_counts.reports IS 'Reports that name the topic.';

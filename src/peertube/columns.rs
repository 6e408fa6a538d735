//! Every column that Shoal reads, and the columns that its role must not be able to read.
//! `docs/sql/peertube-read-role.sql` grants exactly the first list; a test compares the two.

/// The columns that Shoal reads from one table.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableColumns {
    /// Name of the table.
    pub(super) table: &'static str,
    /// Columns that every supported PeerTube has.
    pub(super) required: &'static [&'static str],
    /// Columns that only some supported versions have.
    pub(super) optional: &'static [&'static str],
}

const fn table(table: &'static str, required: &'static [&'static str]) -> TableColumns {
    TableColumns {
        table,
        required,
        optional: &[],
    }
}

/// All that Shoal reads.
pub(super) const READ: &[TableColumns] = &[
    table("application", &["migrationVersion"]),
    table(
        "user",
        &[
            "id",
            "createdAt",
            "blocked",
            "videosHistoryEnabled",
            "videoLanguages",
            "nsfwPolicy",
            "nsfwFlagsDisplayed",
            "nsfwFlagsHidden",
            "nsfwFlagsBlurred",
            "nsfwFlagsWarned",
        ],
    ),
    table("account", &["id", "userId", "applicationId"]),
    table(
        "actor",
        &[
            "id",
            "url",
            "preferredUsername",
            "publicKey",
            "serverId",
            "accountId",
            "videoChannelId",
        ],
    ),
    table("actorFollow", &["actorId", "targetActorId", "state", "createdAt"]),
    table("server", &["id", "host"]),
    table("accountBlocklist", &["accountId", "targetAccountId"]),
    table("serverBlocklist", &["accountId", "targetServerId"]),
    table("videoChannel", &["id", "name", "accountId"]),
    TableColumns {
        table: "video",
        required: &[
            "id",
            "uuid",
            "url",
            "name",
            "category",
            "language",
            "privacy",
            "state",
            "waitTranscoding",
            "nsfw",
            "nsfwFlags",
            "duration",
            "views",
            "likes",
            "dislikes",
            "remote",
            "isLive",
            "publishedAt",
            "createdAt",
            "channelId",
        ],
        optional: &["recommendationPolicy"],
    },
    table("videoBlacklist", &["videoId"]),
    table("videoShare", &["videoId", "actorId"]),
    table("videoCaption", &["videoId", "language"]),
    table("videoTag", &["videoId", "tagId"]),
    table("tag", &["id", "name"]),
    TableColumns {
        table: "thumbnail",
        required: &["id", "videoId", "filename", "width"],
        optional: &["type", "aspectRatio"],
    },
    TableColumns {
        table: "videoStat",
        required: &[],
        optional: &["videoId", "startDate", "views"],
    },
    TableColumns {
        table: "videoView",
        required: &[],
        optional: &["videoId", "startDate", "views"],
    },
    table(
        "videoComment",
        &["accountId", "videoId", "deletedAt", "heldForReview", "createdAt"],
    ),
    table(
        "userVideoHistory",
        &["userId", "videoId", "currentTime", "createdAt", "updatedAt"],
    ),
    table(
        "accountVideoRate",
        &["accountId", "videoId", "type", "createdAt", "updatedAt"],
    ),
];

/// What Shoal reads where it may, and does without where it may not: a role that was made for an earlier version of Shoal lacks it.
pub(super) const HELPFUL: &[TableColumns] = &[
    table("videoPlaylist", &["id", "privacy", "type", "ownerAccountId"]),
    table(
        "videoPlaylistElement",
        &["id", "videoPlaylistId", "videoId", "position"],
    ),
];

/// Secrets and personal data: a role that can read one of these can do more than Shoal needs.
pub(super) const SENSITIVE: &[(&str, &[&str])] = &[
    (
        "user",
        &[
            "password",
            "username",
            "email",
            "pendingEmail",
            "otpSecret",
            "feedToken",
            "pluginAuth",
            "lastLoginDate",
        ],
    ),
    ("actor", &["privateKey"]),
    (
        "oAuthToken",
        &["accessToken", "refreshToken", "loginIP", "lastActivityIP"],
    ),
    ("oAuthClient", &["clientSecret"]),
    ("videoComment", &["text"]),
    ("videoPassword", &["password"]),
    ("plugin", &["settings", "storage"]),
];

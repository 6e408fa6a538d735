//! PeerTube's rules for what may appear in a list of videos, as pieces of SQL that the statements of this room share.
//! They are macros so that every whole statement is a literal.
//!
//! All pieces speak of the same rows: video `v`, its channel `c` and the channel's actor `ca`, the owner account's actor
//! `aa`; and of two small tables, `instance` and `followed`.

/// The instance's own account, whose blocklists hold for everybody, and its actor.
macro_rules! instance {
    () => {
        r#"
        instance AS (
            SELECT own.id AS account_id, own_actor.id AS actor_id
            FROM account own
            JOIN actor own_actor ON own_actor."accountId" = own.id
            WHERE own."applicationId" IS NOT NULL
            ORDER BY own.id
            LIMIT 1
        )
        "#
    };
}

/// The video and everybody it belongs to.
macro_rules! video_and_owner {
    () => {
        r#"
        video v
        JOIN "videoChannel" c ON c.id = v."channelId"
        JOIN actor ca ON ca."videoChannelId" = c.id
        JOIN actor aa ON aa."accountId" = c."accountId"
        "#
    };
}

/// Published, or still being transcoded by somebody who does not want to wait, and not taken down by the moderators.
macro_rules! published {
    () => {
        r#"
        (v.state = 1 OR (v.state = 2 AND v."waitTranscoding" IS FALSE))
        AND NOT EXISTS (SELECT 1 FROM "videoBlacklist" taken_down WHERE taken_down."videoId" = v.id)
        "#
    };
}

/// Neither the owner nor the owner's server is muted by one of `blockers`, a list of account ids.
macro_rules! not_muted {
    ($blockers:literal) => {
        concat!(
            r#"
            NOT EXISTS (
                SELECT 1 FROM "accountBlocklist" muted
                WHERE muted."accountId" IN ("#,
            $blockers,
            r#") AND muted."targetAccountId" = c."accountId"
            )
            AND NOT EXISTS (
                SELECT 1 FROM "serverBlocklist" muted
                WHERE muted."accountId" IN ("#,
            $blockers,
            r#") AND muted."targetServerId" = aa."serverId"
            )
            "#
        )
    };
}

/// Whether the instance's own actor follows one of `$actors`: a lookup in the index of both sides of a follow.
macro_rules! followed {
    ($actors:literal) => {
        concat!(
            r#"
            (
                SELECT true FROM "actorFollow" follow
                WHERE follow."actorId" = (SELECT actor_id FROM instance) AND follow."targetActorId" IN ("#,
            $actors,
            r#") AND follow.state = 'accepted'
                LIMIT 1
            )
            "#
        )
    };
}

/// Local, or from somebody whom the instance follows: PeerTube also keeps remote videos that only one user ever looked
/// up, and lists none of them. No joins, no EXISTS, and no array of all who are followed, because for a single video
/// PostgreSQL would go through all follows.
macro_rules! local_or_followed {
    () => {
        concat!(
            "(v.remote IS FALSE OR ",
            followed!("aa.id, ca.id"),
            r#"
            OR (
                SELECT true FROM "videoShare" share
                WHERE share."videoId" = v.id AND "#,
            followed!(r#"share."actorId""#),
            " LIMIT 1)) IS TRUE "
        )
    };
}

/// All rules of a list for one viewer. Parameters: $1 account of the viewer or null, $2 privacy values, $3 whether
/// sensitive videos are hidden, $4 flags of sensitive videos that are shown all the same, $5 flags of sensitive videos that
/// are hidden in any case, $6 languages or null.
macro_rules! listed_for_viewer {
    () => {
        concat!(
            published!(),
            " AND ",
            not_muted!("(SELECT account_id FROM instance), $1"),
            r#"
            AND v.privacy = ANY ($2)
            AND (NOT $3 OR v.nsfw IS FALSE OR (v."nsfwFlags" & $4) <> 0)
            AND (v."nsfwFlags" & $5) = 0
            AND (
                $6::text[] IS NULL
                OR v.language = ANY ($6)
                OR (v.language IS NULL AND '_unknown' = ANY ($6))
                OR EXISTS (
                    SELECT 1 FROM "videoCaption" caption WHERE caption."videoId" = v.id AND caption.language = ANY ($6)
                )
            )
            AND "#,
            local_or_followed!(),
        )
    };
}

/// The videos that [`listed_for_viewer`] lets pass, newest first. `$tables` adds tables, with a comma before each, and
/// `$condition` a condition, with AND after it.
macro_rules! newest_first_for_viewer {
    ($tables:expr, $condition:expr) => {
        concat!(
            "WITH ",
            instance!(),
            $tables,
            "SELECT v.id FROM ",
            video_and_owner!(),
            "WHERE ",
            $condition,
            listed_for_viewer!(),
            r#" ORDER BY v."publishedAt" DESC, v.id"#
        )
    };
}

/// The same; parameters 7 and 8 say how many are skipped and how many are wanted.
macro_rules! newest_for_viewer {
    ($tables:expr, $condition:expr) => {
        concat!(newest_first_for_viewer!($tables, $condition), " OFFSET $7 LIMIT $8")
    };
}

pub(super) use {
    followed, instance, listed_for_viewer, local_or_followed, newest_first_for_viewer, newest_for_viewer, not_muted,
    published, video_and_owner,
};

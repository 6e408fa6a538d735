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

/// The first and the last moment that can be used: see [`super::timestamp`].
macro_rules! earliest {
    () => {
        " timestamptz '0001-01-01 00:00:00+00' "
    };
}
macro_rules! latest {
    () => {
        " timestamptz '9999-12-31 23:59:59.999999+00' "
    };
}

/// Whether the date that was stated for video `v` can be true at `$now`, the present.
macro_rules! date_holds {
    ($now:literal) => {
        concat!(r#"(v."publishedAt" BETWEEN "#, earliest!(), "AND ", $now, ")")
    };
}

/// Whether it is known when this instance first saw video `v`.
macro_rules! first_seen_holds {
    () => {
        concat!(r#"(v."createdAt" BETWEEN "#, earliest!(), "AND", latest!(), ")")
    };
}

/// When video `v` was published, as far as that can be true: as [`super::timestamp::believed`].
macro_rules! believed_date {
    ($now:literal) => {
        concat!(
            "CASE WHEN ",
            date_holds!($now),
            r#" THEN v."publishedAt" ELSE least(v."createdAt", "#,
            $now,
            ") END"
        )
    };
}

/// The videos that [`listed_for_viewer`] lets pass, newest first. Parameter $7 is the present. `$tables` adds tables, with a comma
/// before each, `$condition` a condition, with AND after it, and `$most` how many are wanted at most, in each of two parts: videos
/// whose dates hold come along the index, the few others are sorted by when they were first seen.
macro_rules! newest_first_for_viewer {
    ($tables:expr, $condition:expr, $most:literal) => {
        concat!(
            "WITH ",
            instance!(),
            $tables,
            r#"SELECT id FROM ((SELECT v.id, v."publishedAt" AS at FROM "#,
            video_and_owner!(),
            "WHERE ",
            $condition,
            listed_for_viewer!(),
            " AND ",
            date_holds!("$7"),
            r#" ORDER BY v."publishedAt" DESC, v.id "#,
            $most,
            r#") UNION ALL (SELECT v.id, least(v."createdAt", $7) AS at FROM "#,
            video_and_owner!(),
            "WHERE ",
            $condition,
            listed_for_viewer!(),
            " AND NOT ",
            date_holds!("$7"),
            " AND ",
            first_seen_holds!(),
            " ORDER BY 2 DESC, v.id ",
            $most,
            ")) dated ORDER BY at DESC, id"
        )
    };
}

/// The same; parameters 8 and 9 say how many are skipped and how many are wanted.
macro_rules! newest_for_viewer {
    ($tables:expr, $condition:expr) => {
        concat!(
            newest_first_for_viewer!($tables, $condition, "LIMIT $8::bigint + $9::bigint"),
            " OFFSET $8 LIMIT $9"
        )
    };
}

pub(super) use {
    believed_date, date_holds, earliest, first_seen_holds, followed, instance, latest, listed_for_viewer,
    local_or_followed, newest_first_for_viewer, newest_for_viewer, not_muted, published, video_and_owner,
};

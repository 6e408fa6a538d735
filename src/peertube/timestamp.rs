//! Points in time as PostgreSQL sends them. Every row type of this room reads them with [`Timestamp`] or [`AnyTimestamp`], which a
//! test checks: the driver's own decoder panics on what `chrono` cannot hold, and remote servers can put such values into
//! PeerTube's tables.

use chrono::{DateTime, Datelike, Utc};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Postgres, Type};

/// Microseconds from 1970 to 2000, from where PostgreSQL counts.
const EPOCH: i64 = 946_684_800_000_000;
/// Years that can be used. Beyond them, other programs cannot read how dates are written.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9_999;

/// A point in time that can be used. A row in which there is another one cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timestamp(pub(super) DateTime<Utc>);

/// Any point in time: `None` when it is infinite, or not within the years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AnyTimestamp(pub(super) Option<DateTime<Utc>>);

/// The row holds a point in time that nobody can use.
#[derive(Debug, thiserror::Error)]
#[error("a point in time that is infinite, or not within the years 1 to 9999")]
struct Unusable;

impl AnyTimestamp {
    /// `microseconds` since 2000; PostgreSQL sends the extreme ones for `-infinity` and `infinity`.
    fn new(microseconds: i64) -> Self {
        let since_1970 = microseconds.checked_add(EPOCH);
        let moment = since_1970.and_then(DateTime::from_timestamp_micros);
        Self(moment.filter(|moment| YEARS.contains(&moment.year())))
    }
}

impl Type<Postgres> for AnyTimestamp {
    fn type_info() -> PgTypeInfo {
        <DateTime<Utc> as Type<Postgres>>::type_info()
    }
}

impl<'row> Decode<'row, Postgres> for AnyTimestamp {
    fn decode(value: PgValueRef<'row>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => Ok(Self::new(<i64 as Decode<Postgres>>::decode(value)?)),
            // No statement here is sent in the way that is answered with texts.
            PgValueFormat::Text => Err(Unusable.into()),
        }
    }
}

impl Type<Postgres> for Timestamp {
    fn type_info() -> PgTypeInfo {
        AnyTimestamp::type_info()
    }
}

impl<'row> Decode<'row, Postgres> for Timestamp {
    fn decode(value: PgValueRef<'row>) -> Result<Self, BoxDynError> {
        let AnyTimestamp(moment) = AnyTimestamp::decode(value)?;
        Ok(Self(moment.ok_or(Unusable)?))
    }
}

/// When a video was published, as far as that can be true: other servers state it, and nothing is published in the future. What
/// cannot be true is replaced by when this instance first saw the video, which is its own clock's time. A past date that is later
/// than that is believed: PeerTube dates a live anew whenever it begins.
///
/// `None` when neither can be used. [`super::rules`] has the same rule as SQL.
pub(super) fn believed(published: AnyTimestamp, first_seen: AnyTimestamp, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let stated = published.0.filter(|published| *published <= now);
    stated.or_else(|| first_seen.0.map(|seen| seen.min(now)))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn every_number_is_a_point_in_time_or_unusable() {
        let since_2000 = |text: &str| (at(text) - at("2000-01-01T00:00:00Z")).num_microseconds().unwrap();
        for text in [
            "2000-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999Z",
        ] {
            assert_eq!(AnyTimestamp::new(since_2000(text)).0, Some(at(text)), "{text}");
        }
        let year = 366 * 86_400_000_000;
        for number in [
            i64::MIN,
            i64::MAX,
            i64::MAX - EPOCH + 1,
            since_2000("0001-01-01T00:00:00Z") - 1,
            since_2000("9999-12-31T23:59:59.999999Z") + 1,
            260_143 * year,
            -262_143 * year,
        ] {
            assert_eq!(AnyTimestamp::new(number).0, None, "{number}");
        }
    }

    #[test]
    fn a_date_in_the_future_is_not_believed() {
        let (now, seen) = (at("2026-02-01T00:00:00Z"), at("2026-01-01T00:00:00Z"));
        let believed = |published, first_seen| believed(AnyTimestamp(published), AnyTimestamp(first_seen), now);
        let (past, live) = (at("2020-05-05T00:00:00Z"), at("2026-01-15T00:00:00Z"));
        assert_eq!(believed(Some(past), Some(seen)), Some(past));
        assert_eq!(believed(Some(live), Some(seen)), Some(live));
        assert_eq!(believed(Some(now + TimeDelta::microseconds(1)), Some(seen)), Some(seen));
        assert_eq!(believed(None, Some(seen)), Some(seen));
        assert_eq!(believed(None, Some(at("2027-01-01T00:00:00Z"))), Some(now));
        assert_eq!(believed(Some(past), None), Some(past));
        assert_eq!(believed(None, None), None);
    }
}

//! The parameters of a request for recommendations, in PeerTube's conventions; everything unclear is refused by name.
//!
//! Read by hand rather than by a deserializer, so that repeated and unknown parameters are errors, and all errors are told
//! at once. Values are not repeated in errors: a caller knows what it sent, and logs should not.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::peertube::{UserId, VideoReference};
use crate::recommend::request::{
    DEFAULT_COUNT, MAXIMUM_COUNT, MAXIMUM_LANGUAGES, MAXIMUM_PLAYED, MAXIMUM_START, Request, Strategy, VisitorChoices,
};

/// How a video may be named, as a regular expression: id, short UUID (22 digits of base 58) or UUID. A few texts that fit are
/// still refused: numbers beyond 32 bits and short UUIDs beyond 128.
pub(super) const VIDEO_PATTERN: &str =
    r"^([1-9][0-9]{0,9}|[1-9a-km-x][1-9a-km-zA-HJ-NP-Z]{21}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$";

/// Letters of a language code at most, as in PeerTube's table.
const LONGEST_LANGUAGE: usize = 10;

/// A parameter that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvalidParameter {
    /// Its name.
    pub param: String,
    /// What is wrong and what would be right.
    pub msg: String,
    /// Where it stands: `query` or `body`.
    pub location: &'static str,
}

impl InvalidParameter {
    /// A parameter of the query.
    pub fn new(param: impl Into<String>, msg: impl Into<String>) -> Self {
        Self {
            param: param.into(),
            msg: msg.into(),
            location: "query",
        }
    }

    /// A field of the body.
    pub fn in_body(param: impl Into<String>, msg: impl Into<String>) -> Self {
        Self {
            location: "body",
            ..Self::new(param, msg)
        }
    }
}

impl fmt::Display for InvalidParameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` {}", self.param, self.msg)
    }
}

/// The parameters of `GET /api/v1/recommendations/videos`.
#[derive(Debug, Clone, PartialEq, Eq, Default, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Parameters {
    /// Number of the user for whom the list is made. With the service token it is needed, or the list is for a visitor;
    /// a user needs none and may name nobody else.
    #[param(minimum = 1, maximum = 2_147_483_647)]
    pub user_id: Option<i32>,
    /// How the list is made.
    #[param(value_type = Option<Strategy>, default = "for-you")]
    pub strategy: Strategy,
    /// The video that is being watched, by id, UUID or short UUID. Needed by `similar` and `next`; never in the list itself.
    #[param(value_type = Option<String>, min_length = 1, max_length = 36,
        pattern = r"^([1-9][0-9]{0,9}|[1-9a-km-x][1-9a-km-zA-HJ-NP-Z]{21}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$")]
    pub video_id: Option<VideoReference>,
    /// Videos to skip.
    #[param(value_type = Option<u32>, default = 0, minimum = 0, maximum = 1000)]
    pub start: usize,
    /// Videos wanted.
    #[param(value_type = Option<u32>, default = 15, minimum = 1, maximum = 100)]
    pub count: usize,
    /// Whether videos may be listed that the user has already watched or liked. Disliked ones never are, and
    /// `next` never repeats anything.
    #[param(value_type = Option<bool>, default = false)]
    pub include_watched: bool,
    /// Videos that were played in this sitting, the oldest first, by id, UUID or short UUID, separated by commas. They are left
    /// out of the list and nothing of them is kept. Where it is given, even empty, the sitting counts as known: `next` then
    /// also lists videos that are newer than `videoId`.
    #[param(value_type = Option<Vec<VideoName>>, inline, style = Form, explode = false, max_items = 100)]
    pub played: Option<Vec<VideoReference>>,
    /// For visitors: `false` hides sensitive videos, `both` shows them. Without it, the instance decides. For users, what they
    /// set in PeerTube holds, and this and the next three parameters have no effect.
    #[param(value_type = Option<NsfwChoice>, inline)]
    pub nsfw: Option<NsfwChoice>,
    /// For visitors: flags of sensitive videos that are shown although `nsfw` hides them; 1 violent, 2 explicit, or both.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 2_147_483_647)]
    pub nsfw_flags_included: i32,
    /// For visitors: flags of sensitive videos that are hidden in any case.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 2_147_483_647)]
    pub nsfw_flags_excluded: i32,
    /// For visitors: languages of the videos, as ISO 639 codes, `_unknown` for those without; repeated for each. Videos with
    /// captions in one of them are listed too.
    #[param(value_type = Option<Vec<LanguageCode>>, inline, style = Form, explode = true, max_items = 100)]
    pub language_one_of: Option<Vec<String>>,
}

/// What a visitor wants to happen with sensitive videos: PeerTube's values but `true`, which would list nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum NsfwChoice {
    /// They are hidden.
    False,
    /// They are listed.
    Both,
}

/// An id, a UUID or a short UUID; only in the description of the interface.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 36,
    pattern = r"^([1-9][0-9]{0,9}|[1-9a-km-x][1-9a-km-zA-HJ-NP-Z]{21}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"
)]
#[allow(dead_code, reason = "only describes")]
struct VideoName(String);

/// The code of a language; only in the description of the interface.
#[derive(ToSchema)]
#[schema(min_length = 2, max_length = 10, pattern = r"^[A-Za-z0-9_-]{2,10}$")]
#[allow(dead_code, reason = "only describes")]
struct LanguageCode(String);

impl Parameters {
    /// Reads a query string, without its question mark.
    ///
    /// # Errors
    /// Every parameter that cannot be used.
    pub fn parse(query: &str) -> Result<Self, Vec<InvalidParameter>> {
        let mut parameters = Self {
            count: DEFAULT_COUNT,
            ..Self::default()
        };
        let mut seen = HashSet::new();
        let mut invalid = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let outcome = match name.as_ref() {
                "languageOneOf" => {
                    language(&value).and_then(|language| add_language(&mut parameters.language_one_of, language))
                }
                _ if seen.contains(&name) => Err("is given more than once".to_owned()),
                "userId" => {
                    number(&value, 1, i32::MAX as usize).map(|user| parameters.user_id = i32::try_from(user).ok())
                }
                "strategy" => value
                    .parse()
                    .map(|strategy| parameters.strategy = strategy)
                    .map_err(|error| format!("{error}")),
                "videoId" => VideoReference::parse(&value)
                    .map(|video| parameters.video_id = Some(video))
                    .map_err(|_| "must be an id, a UUID or a short UUID".to_owned()),
                "start" => number(&value, 0, MAXIMUM_START).map(|start| parameters.start = start),
                "count" => number(&value, 1, MAXIMUM_COUNT).map(|count| parameters.count = count),
                "includeWatched" => truth(&value).map(|include| parameters.include_watched = include),
                "played" => played(&value).map(|videos| parameters.played = Some(videos)),
                "nsfw" => nsfw(&value).map(|choice| parameters.nsfw = Some(choice)),
                "nsfwFlagsIncluded" => flags(&value).map(|flags| parameters.nsfw_flags_included = flags),
                "nsfwFlagsExcluded" => flags(&value).map(|flags| parameters.nsfw_flags_excluded = flags),
                _ => Err("is not a parameter of this address".to_owned()),
            };
            if let Err(message) = outcome {
                invalid.push(InvalidParameter::new(shortened(&name), message));
            }
            seen.insert(name);
        }
        // Only when nothing is wrong with the parameters themselves.
        if invalid.is_empty() && parameters.strategy.needs_video() && parameters.video_id.is_none() {
            let message = format!("is needed by the strategy `{}`", parameters.strategy);
            invalid.push(InvalidParameter::new("videoId", message));
        }
        if invalid.is_empty() {
            Ok(parameters)
        } else {
            Err(invalid)
        }
    }
}

impl From<Parameters> for Request {
    fn from(parameters: Parameters) -> Self {
        Self {
            user: parameters.user_id.map(UserId),
            strategy: parameters.strategy,
            video: parameters.video_id,
            start: parameters.start,
            count: parameters.count,
            include_watched: parameters.include_watched,
            played: parameters.played,
            visitor: VisitorChoices {
                hide_nsfw: parameters.nsfw.map(|choice| choice == NsfwChoice::False),
                nsfw_flags_shown: parameters.nsfw_flags_included,
                nsfw_flags_hidden: parameters.nsfw_flags_excluded,
                languages: parameters.language_one_of,
            },
        }
    }
}

/// Digits only: signs and spaces, which `parse` takes partly, are refused.
pub(super) fn number(text: &str, minimum: usize, maximum: usize) -> Result<usize, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .filter(|value| (minimum..=maximum).contains(value))
        .ok_or_else(|| format!("must be a whole number from {minimum} to {maximum}"))
}

/// Videos separated by commas; none where the text is empty.
fn played(text: &str) -> Result<Vec<VideoReference>, String> {
    let names: Vec<&str> = text.split(',').take(MAXIMUM_PLAYED + 1).collect();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if names.len() > MAXIMUM_PLAYED {
        return Err(format!("must name at most {MAXIMUM_PLAYED} videos"));
    }
    let mut videos = Vec::with_capacity(names.len());
    for name in names {
        match VideoReference::parse(name) {
            Ok(video) => videos.push(video),
            // It names no video that there can be: nothing to leave out.
            Err(_) if is_beyond(name) => {}
            Err(_) => return Err("must be ids, UUIDs or short UUIDs, separated by commas".to_owned()),
        }
    }
    Ok(videos)
}

/// Whether a text has the form of an id or a short UUID, and is only too large.
fn is_beyond(name: &str) -> bool {
    let is_number = name.len() == 10 && name.bytes().all(|byte| byte.is_ascii_digit()) && !name.starts_with('0');
    let is_short = name.len() == 22
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() && !b"0IOl".contains(&byte));
    is_number || is_short
}

fn nsfw(text: &str) -> Result<NsfwChoice, String> {
    match text {
        "false" => Ok(NsfwChoice::False),
        "both" => Ok(NsfwChoice::Both),
        _ => Err("must be false or both".to_owned()),
    }
}

fn flags(text: &str) -> Result<i32, String> {
    let flags = number(text, 0, i32::MAX as usize)?;
    i32::try_from(flags).map_err(|error| error.to_string())
}

/// PeerTube's codes of languages: letters, digits, `-` and `_`.
fn language(text: &str) -> Result<String, String> {
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (2..=LONGEST_LANGUAGE).contains(&text.len()) && text.bytes().all(is_code) {
        Ok(text.to_owned())
    } else {
        Err("must be a language code or _unknown, one in each".to_owned())
    }
}

fn add_language(languages: &mut Option<Vec<String>>, language: String) -> Result<(), String> {
    let languages = languages.get_or_insert_default();
    if languages.len() >= MAXIMUM_LANGUAGES {
        return Err(format!("must name at most {MAXIMUM_LANGUAGES} languages"));
    }
    languages.push(language);
    Ok(())
}

fn truth(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

/// Names of unknown parameters are the caller's text: long ones are cut before they are sent back.
pub(super) fn shortened(name: &str) -> String {
    name.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recommend::request::Strategy;

    fn refused(query: &str) -> Vec<String> {
        Parameters::parse(query)
            .unwrap_err()
            .into_iter()
            .map(|invalid| invalid.param)
            .collect()
    }

    #[test]
    fn everything_has_a_default() {
        let parameters = Parameters::parse("").unwrap();
        assert_eq!(Request::from(parameters), Request::default());
    }

    #[test]
    fn all_parameters_are_read() {
        let query = "userId=7&strategy=similar&videoId=9c9de5e8-0a1e-484a-b099-e80766180a6d&start=1000&count=100&includeWatched=true";
        let parameters = Parameters::parse(query).unwrap();
        assert_eq!(parameters.user_id, Some(7));
        assert_eq!(parameters.strategy, Strategy::Similar);
        assert!(matches!(parameters.video_id, Some(VideoReference::Uuid(_))));
        assert_eq!(
            (parameters.start, parameters.count, parameters.include_watched),
            (1000, 100, true)
        );
    }

    #[test]
    fn a_sitting_and_a_visitors_choices_are_read() {
        let query = "played=7,9c9de5e8-0a1e-484a-b099-e80766180a6d&nsfw=false&nsfwFlagsIncluded=1&nsfwFlagsExcluded=2\
                     &languageOneOf=fr&languageOneOf=_unknown";
        let request = Request::from(Parameters::parse(query).unwrap());
        assert_eq!(request.played.unwrap().len(), 2);
        let settings = request.visitor.settings(false);
        assert!(settings.hide_nsfw);
        assert_eq!((settings.nsfw_flags_shown, settings.nsfw_flags_hidden), (1, 2));
        assert_eq!(settings.languages.unwrap(), ["fr", "_unknown"]);
        let both = Request::from(Parameters::parse("nsfw=both&played=").unwrap());
        assert!(!both.visitor.settings(true).hide_nsfw);
        assert_eq!(both.played, Some(Vec::new()));
    }

    #[test]
    fn what_is_no_sitting_or_no_choice_of_a_visitor_is_named() {
        let many = |name: &str, each: &str, count: usize| vec![format!("{name}={each}"); count].join("&");
        let played = |count: usize| format!("played={}", vec!["7"; count].join(","));
        for query in [
            "played=x",
            "played=7,",
            "played=,7",
            "played=7%207",
            "played=7;8",
            &played(101),
            "played=0",
        ] {
            assert_eq!(refused(query), ["played"], "{query:?}");
        }
        assert!(Parameters::parse(&played(100)).is_ok());
        let beyond = Parameters::parse("played=9999999999,7,ZZZZZZZZZZZZZZZZZZZZZZ").unwrap();
        assert_eq!(
            beyond.played.unwrap().len(),
            1,
            "others name no video that there can be"
        );
        for value in ["", "true", "1", "BOTH"] {
            assert_eq!(refused(&format!("nsfw={value}")), ["nsfw"], "{value:?}");
        }
        assert_eq!(refused("nsfwFlagsIncluded=-1&nsfwFlagsExcluded=2147483648").len(), 2);
        for value in ["", "f", "fr,de", "'%3B--", "12345678901"] {
            assert_eq!(
                refused(&format!("languageOneOf={value}")),
                ["languageOneOf"],
                "{value:?}"
            );
        }
        assert!(Parameters::parse(&many("languageOneOf", "fr", 100)).is_ok());
        assert!(Parameters::parse(&many("languageOneOf", "fr", 101)).is_err());
    }

    #[test]
    fn whatever_is_out_of_range_is_named() {
        for value in [
            "",
            "0",
            "-1",
            "+1",
            " 1",
            "1.0",
            "1e3",
            "2147483648",
            "99999999999999999999999",
            "١",
            "NaN",
            "1;--",
        ] {
            assert_eq!(refused(&format!("userId={}", encoded(value))), ["userId"], "{value:?}");
        }
        for value in ["", "0", "101", "-5", "18446744073709551616"] {
            assert_eq!(refused(&format!("count={value}")), ["count"], "{value:?}");
        }
        for value in ["", "1001", "-1", "0x10"] {
            assert_eq!(refused(&format!("start={value}")), ["start"], "{value:?}");
        }
        for value in ["", "FOR-YOU", "best", "recent%00", "recent' OR '1'='1"] {
            assert_eq!(
                refused(&format!("strategy={}", encoded(value))),
                ["strategy"],
                "{value:?}"
            );
        }
        for value in ["", "0", "abc", "1 OR 1=1", "9c9de5e8", "../../etc/passwd"] {
            assert_eq!(
                refused(&format!("videoId={}", encoded(value))),
                ["videoId"],
                "{value:?}"
            );
        }
        for value in ["", "yes", "TRUE", "2"] {
            assert_eq!(
                refused(&format!("includeWatched={value}")),
                ["includeWatched"],
                "{value:?}"
            );
        }
    }

    #[test]
    fn unknown_and_repeated_parameters_are_refused_all_at_once() {
        assert_eq!(refused("sort=-views&count=0"), ["sort", "count"]);
        assert_eq!(refused("count=5&count=6"), ["count"]);
        assert_eq!(refused("userid=5"), ["userid"]);
        for strategy in ["similar", "next"] {
            assert_eq!(refused(&format!("strategy={strategy}")), ["videoId"]);
        }
        assert_eq!(refused(&format!("{}=1", "x".repeat(5000)))[0].len(), 40);
    }

    fn encoded(text: &str) -> String {
        url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query: String) {
            let _ = Parameters::parse(&query);
        }

        #[test]
        fn numbers_are_taken_exactly_within_bounds(count: u64, start: u64, user: u64) {
            let query = format!("count={count}&start={start}&userId={user}");
            let fits = (1..=100).contains(&count) && start <= 1000 && (1..=i32::MAX as u64).contains(&user);
            prop_assert_eq!(Parameters::parse(&query).is_ok(), fits);
        }

        #[test]
        fn small_numbers_are_taken_exactly_within_bounds(count in 0usize..120, start in 900usize..1100) {
            let parsed = Parameters::parse(&format!("count={count}&start={start}"));
            if (1..=MAXIMUM_COUNT).contains(&count) && start <= MAXIMUM_START {
                let parameters = parsed.unwrap();
                prop_assert_eq!((parameters.count, parameters.start), (count, start));
                prop_assert!(Request::from(parameters).check().is_ok());
            } else {
                prop_assert!(parsed.is_err());
            }
        }

        #[test]
        fn what_is_accepted_satisfies_the_request(text in "[a-zA-Z0-9=&%+;' -]{0,40}") {
            if let Ok(parameters) = Parameters::parse(&text) {
                prop_assert!(Request::from(parameters).check().is_ok());
            }
        }
    }
}

//! JSON of strangers: counted before it is parsed, because a parsed value can take a hundred times the memory of its text.

use serde::de::{DeserializeOwned, Error};

/// Values, at any depth, that a document may have; an object's members count twice. Activities, actors and pages of
/// collections have a few hundred.
const MOST_VALUES: usize = 5_000;

/// Parses a document of limited length. Together with its text it takes at most about 2 MB of memory.
///
/// # Errors
/// When it is not what is expected, or has too many values.
pub fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    parse_up_to(text, MOST_VALUES)
}

/// The same with another number of values; each takes at most about 350 bytes.
///
/// # Errors
/// As [`parse`].
pub fn parse_up_to<T: DeserializeOwned>(text: &[u8], most_values: usize) -> Result<T, serde_json::Error> {
    if values(text) > most_values {
        return Err(serde_json::Error::custom("it has too many values"));
    }
    serde_json::from_slice(text)
}

/// An upper bound on the number of values in `text`, if it is JSON.
fn values(text: &[u8]) -> usize {
    let (mut count, mut quoted, mut escaped) = (1, false, false);
    for byte in text {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' => quoted = true,
                b',' | b':' | b'[' | b'{' => count += 1,
                _ => {}
            }
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn values_are_counted_outside_of_texts() {
        assert_eq!(values(b"1"), 1);
        assert_eq!(values(br#"{"a":[1,2,{}]}"#), 7);
        assert_eq!(values(br#"[":,[{\"{[",""]"#), 3);
        assert_eq!(values(br#"["\\",1]"#), 3);
    }

    #[test]
    fn what_would_take_much_memory_is_refused_before_it_is_parsed() {
        for (unit, count) in [("{\"\":0},", 9_000), ("[],", 20_000), ("0,", 32_000), ("\"\",", 20_000)] {
            let text = format!("[{}0]", unit.repeat(count));
            assert!(text.len() < 64 * 1024 + 4, "{unit}");
            let error = parse::<Value>(text.as_bytes()).unwrap_err();
            assert!(error.to_string().contains("too many values"), "{error}");
        }
        assert!(parse::<Value>(b"[1, {\"a\": \"b\"}]").is_ok());
        assert!(parse::<Value>(b"[1").is_err());
    }
}

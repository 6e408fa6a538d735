//! Bodies of requests: JSON, small, without anything unknown.

use axum::body::Bytes;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use super::problem::Problem;

/// Reads a JSON body.
///
/// # Errors
/// A [`Problem`] that says what is wrong.
pub fn json<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    // Serde would also read an object from a list of its values.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Problem::invalid_body("expected a JSON object".to_owned()));
    }
    serde_json::from_slice(body).map_err(|error| Problem::invalid_body(error.to_string()))
}

/// A whole number of 32 bits. JSON does not tell 1 from 1.0, and neither does the description of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole(pub i32);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?.as_f64();
        let range = f64::from(i32::MIN)..=f64::from(i32::MAX);
        match number.filter(|number| number.fract() == 0.0 && range.contains(number)) {
            Some(number) => Ok(Self(number as i32)),
            None => Err(D::Error::custom("expected a whole number of 32 bits")),
        }
    }
}

/// Reads a list of [`Whole`] numbers.
///
/// # Errors
/// When something else is in it.
pub fn whole_numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i32>, D::Error> {
    let numbers = Vec::<Whole>::deserialize(deserializer)?;
    Ok(numbers.into_iter().map(|number| number.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_may_be_written_with_a_point() {
        let read = |text: &str| serde_json::from_str::<Whole>(text).ok().map(|number| number.0);
        assert_eq!(read("7"), Some(7));
        assert_eq!(read("-7.0"), Some(-7));
        assert_eq!(read("1e3"), Some(1000));
        assert_eq!(read("2147483647.0"), Some(i32::MAX));
        for wrong in [
            "7.5",
            "2147483648",
            "-2147483649",
            "1e300",
            "\"7\"",
            "null",
            "true",
            "[7]",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}

//! Numbers on the command line, with what is wrong about others.

/// A whole number of at least 1.
pub fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("must be a whole number of at least 1".to_owned()),
    }
}

/// A finite number above 0.
pub fn positive(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if number > 0.0 && f64::is_finite(number) => Ok(number),
        _ => Err("must be a number above 0".to_owned()),
    }
}

/// A finite number of at least 0.
pub fn not_negative(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if number >= 0.0 && f64::is_finite(number) => Ok(number),
        _ => Err("must be a number of at least 0".to_owned()),
    }
}

/// The same in single precision.
pub fn not_negative_single(text: &str) -> Result<f32, String> {
    single(text, |number| number >= 0.0).ok_or_else(|| "must be a number of at least 0".to_owned())
}

/// A number from 0 to 1.
pub fn share(text: &str) -> Result<f32, String> {
    single(text, |number| (0.0..=1.0).contains(&number)).ok_or_else(|| "must be a number from 0 to 1".to_owned())
}

/// Any finite number.
pub fn finite(text: &str) -> Result<f32, String> {
    single(text, |_| true).ok_or_else(|| "must be a finite number".to_owned())
}

fn single(text: &str, fits: impl Fn(f32) -> bool) -> Option<f32> {
    text.parse()
        .ok()
        .filter(|number: &f32| number.is_finite() && fits(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_in_range_are_taken() {
        assert_eq!(count("3"), Ok(3));
        assert!(
            ["0", "-1", "1.5", "", "99999999999999999999999"]
                .iter()
                .all(|text| count(text).is_err())
        );
        for senseless in ["nan", "inf", "-1", "", "x", "1e999"] {
            assert!(
                positive(senseless).is_err() && not_negative(senseless).is_err(),
                "{senseless}"
            );
            assert!(
                not_negative_single(senseless).is_err() && share(senseless).is_err(),
                "{senseless}"
            );
        }
        assert!(positive("0").is_err() && not_negative("0").is_ok() && share("1").is_ok() && share("1.1").is_err());
        assert!(finite("-3").is_ok() && finite("nan").is_err() && finite("1e39").is_err());
    }
}

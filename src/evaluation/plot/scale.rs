//! Where points stand on an axis, and round numbers beside it.

/// More points than this get no marks and no tick each.
pub(super) const MARKED_POINTS: usize = 14;

/// Where the points of all series stand on the horizontal axis.
#[derive(Debug, Clone, PartialEq)]
pub enum Positions {
    /// Names at equal distances, such as classes of size.
    Names(Vec<String>),
    /// Numbers to scale.
    Linear(Vec<f64>),
    /// Numbers to the scale of their logarithms; all must be positive, otherwise the scale is linear.
    Logarithmic(Vec<f64>),
}

impl Positions {
    /// Number of positions.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Names(names) => names.len(),
            Self::Linear(numbers) | Self::Logarithmic(numbers) => numbers.len(),
        }
    }

    /// Places from 0 to 1, and the ticks.
    pub(super) fn placed(&self) -> (Vec<f64>, Vec<(f64, String)>) {
        let numbers = match self {
            Self::Names(names) => {
                let places: Vec<f64> = (0..names.len())
                    .map(|k| (k as f64 + 0.5) / names.len() as f64)
                    .collect();
                let ticks = places.iter().copied().zip(names.iter().cloned()).collect();
                return (places, ticks);
            }
            Self::Linear(numbers) | Self::Logarithmic(numbers) => numbers,
        };
        let logarithmic = matches!(self, Self::Logarithmic(_)) && numbers.iter().all(|number| *number > 0.0);
        let scale = |number: f64| if logarithmic { number.ln() } else { number };
        let finite = || numbers.iter().copied().filter(|number| number.is_finite());
        let (low, high) = (
            finite().fold(f64::INFINITY, f64::min),
            finite().fold(f64::NEG_INFINITY, f64::max),
        );
        let (start, width) = (scale(low), scale(high) - scale(low));
        let place = |number: f64| {
            if width > 0.0 {
                (scale(number) - start) / width
            } else {
                0.5
            }
        };
        let ticks = if numbers.len() <= MARKED_POINTS {
            finite().map(|number| (place(number), number.to_string())).collect()
        } else {
            let step = tick_step(high - low);
            let first = (low / step - 1e-9).ceil();
            // A number that lies beyond the last point by less than can be seen stands at its place.
            let last = (high / step + 0.01).floor();
            (0..=(last - first).max(0.0) as usize)
                .map(|k| (first + k as f64) * step)
                .map(|number| (place(number.min(high)), format!("{:.*}", decimals(step), number + 0.0)))
                .collect()
        };
        (numbers.iter().map(|number| place(*number)).collect(), ticks)
    }
}

/// A distance of 1, 2 or 5 times a power of ten that divides `width` into three to seven parts.
pub(super) fn tick_step(width: f64) -> f64 {
    if width.is_nan() || width <= 0.0 || width.is_infinite() {
        return 1.0;
    }
    let rough = width / 6.0;
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough)
        .unwrap_or(10.0 * power)
}

/// Digits after the point that tell multiples of `step` apart.
pub(super) fn decimals(step: f64) -> usize {
    (-(step.log10() + 1e-9).floor()).clamp(0.0, 9.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_of_doubling_numbers_stand_at_equal_distances() {
        let (places, _) = Positions::Logarithmic(vec![1.0, 2.0, 4.0, 8.0]).placed();
        for (k, place) in places.iter().enumerate() {
            assert!((place - k as f64 / 3.0).abs() < 1e-12);
        }
        let (linear, _) = Positions::Logarithmic(vec![0.0, 1.0, 4.0]).placed();
        assert!((linear[1] - 0.25).abs() < 1e-12);
        let (names, ticks) = Positions::Names(vec!["1-9".to_owned(), "10-".to_owned()]).placed();
        assert_eq!(names, [0.25, 0.75]);
        assert_eq!(ticks[1].1, "10-");
    }

    #[test]
    fn many_points_get_round_ticks_up_to_the_last_one() {
        let numbers: Vec<f64> = (0..40).map(|k| f64::from(k) / 39.0 * 0.9999).collect();
        let (_, ticks) = Positions::Linear(numbers).placed();
        let words: Vec<&str> = ticks.iter().map(|tick| tick.1.as_str()).collect();
        assert_eq!(words, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert!(ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.0)));
    }

    #[test]
    fn ticks_are_round_numbers() {
        for (width, step) in [(0.28, 0.05), (1.0, 0.2), (7.0, 2.0), (350.0, 100.0), (0.0, 1.0)] {
            assert!((tick_step(width) - step).abs() < 1e-12, "{width}: {}", tick_step(width));
        }
        assert_eq!(
            (decimals(0.05), decimals(0.2), decimals(1.0), decimals(100.0)),
            (2, 1, 0, 0)
        );
    }
}

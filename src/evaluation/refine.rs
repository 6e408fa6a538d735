//! Whether the ranking refinement is used: decided on validation users, and reported.

use super::EvaluationError;
use super::measure::quality;
use super::model::FittedModel;
use super::resources::Usage;
use super::split::Split;
use crate::model::refinement::{Refinement, RefinementParameters};

/// Strengths and numbers of steps from which the validation users choose.
const CHOICES: [RefinementParameters; 6] = [
    RefinementParameters {
        strength: 0.02,
        steps: 2,
    },
    RefinementParameters {
        strength: 0.05,
        steps: 2,
    },
    RefinementParameters {
        strength: 0.1,
        steps: 2,
    },
    RefinementParameters {
        strength: 0.1,
        steps: 6,
    },
    RefinementParameters {
        strength: 0.3,
        steps: 2,
    },
    RefinementParameters {
        strength: 0.3,
        steps: 6,
    },
];

/// When the refinement is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Refine {
    /// Never.
    Off,
    /// Always, with these parameters.
    On(RefinementParameters),
    /// Where the best of a few settings beats the plain fold-in on the validation users.
    Validation,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RefinementReport {
    /// Whether test users were refined.
    pub on: bool,
    /// With these parameters, or, when not, the best that was tried.
    #[serde(flatten)]
    pub parameters: RefinementParameters,
    /// Quality of the plain fold-in on the validation users, when it was measured.
    pub validation_plain: Option<f64>,
    /// Quality of the refinement on the validation users, when it was measured.
    pub validation_refined: Option<f64>,
}

/// Sets the refinement of `model`, and says what was decided; `None` when it is off by order or the model has no factors.
///
/// # Errors
/// When the decision needs validation users and there are none.
pub fn decide(
    model: &mut FittedModel,
    split: &Split,
    refine: Refine,
) -> Result<Option<RefinementReport>, EvaluationError> {
    let FittedModel::Factorization { items, refinement, .. } = model else {
        return Ok(None);
    };
    match refine {
        Refine::Off => Ok(None),
        Refine::On(parameters) => {
            *refinement = Some(Refinement::new(items, parameters));
            Ok(Some(RefinementReport {
                on: true,
                parameters,
                validation_plain: None,
                validation_refined: None,
            }))
        }
        Refine::Validation => {
            if split.validation.is_empty() {
                return Err(EvaluationError::NoValidationUsers("choosing the refinement"));
            }
            let measured = |model: &FittedModel| quality(model, &split.validation, &mut Usage::default()).objective();
            let plain = measured(model);
            let mut best: Option<(f64, RefinementParameters)> = None;
            for parameters in CHOICES {
                set(model, Some(parameters));
                let refined = measured(model);
                if best.is_none_or(|(value, _)| refined > value) {
                    best = Some((refined, parameters));
                }
            }
            Ok(best.map(|(refined, parameters)| {
                let on = refined > plain;
                set(model, on.then_some(parameters));
                RefinementReport {
                    on,
                    parameters,
                    validation_plain: Some(plain),
                    validation_refined: Some(refined),
                }
            }))
        }
    }
}

fn set(model: &mut FittedModel, parameters: Option<RefinementParameters>) {
    if let FittedModel::Factorization { items, refinement, .. } = model {
        *refinement = parameters.map(|parameters| Refinement::new(items, parameters));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::dataset::Dataset;
    use crate::evaluation::model::ModelParameters;
    use crate::model::item::Item;

    fn split(validation: usize) -> Split {
        let rows = (0..80u32)
            .flat_map(|user| (0..12u32).map(move |k| (user, (user % 4) * 10 + (user + k * 7) % 15, 5.0, 0)))
            .collect();
        let dataset = Dataset {
            users: (0..80).map(|user| format!("u{user}")).collect(),
            items: vec![Item::default(); 60],
            rows,
        };
        Split::strong(&dataset, validation, 10, 1).unwrap()
    }

    fn model(split: &Split) -> FittedModel {
        let parameters = ModelParameters::Ials {
            factors: 4,
            sweeps: 4,
            steps: 2,
            unobserved_weight: 0.2,
            regularization: 0.008,
            exponent: 1.0,
            seed: 1,
        };
        parameters.fit(&split.training, |_| ()).unwrap()
    }

    #[test]
    fn it_is_on_exactly_where_it_is_better_on_validation_users() {
        let split = split(20);
        let mut model = model(&split);
        let report = decide(&mut model, &split, Refine::Validation).unwrap().unwrap();
        let (plain, refined) = (report.validation_plain.unwrap(), report.validation_refined.unwrap());
        assert_eq!(report.on, refined > plain);
        let used = quality(&model, &split.validation, &mut Usage::default()).objective();
        assert!((used - plain.max(refined)).abs() < 1e-12, "{used} {report:?}");
    }

    #[test]
    fn orders_are_followed_and_missing_users_refused() {
        let split = split(0);
        let mut fitted = model(&split);
        assert_eq!(decide(&mut fitted, &split, Refine::Off).unwrap(), None);
        let parameters = RefinementParameters {
            strength: 0.5,
            steps: 1,
        };
        assert!(decide(&mut fitted, &split, Refine::On(parameters)).unwrap().unwrap().on);
        assert!(decide(&mut fitted, &split, Refine::Validation).is_err());
        let mut popularity = FittedModel::Popularity(vec![1.0]);
        assert_eq!(decide(&mut popularity, &split, Refine::Validation).unwrap(), None);
    }
}

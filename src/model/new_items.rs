//! A model with items that were published after it was learned, placed by what is publicly known of them.
//!
//! Content vectors follow from public metadata alone. Learned factors come from the map of [`super::cold_items`], learned anew from
//! the factors that the model has. Nothing that is known changes but the moments of all items. What stays out: learning.

use super::catalogue::CONTENT_DIMENSIONS;
use super::cold_items::{PublicInputs, place_new};
use super::components::Components;
use super::content::ContentBasis;
use super::factor_model::FactorModel;
use super::factors::Factors;
use super::item::Item;
use super::recommender::Recommender;

/// Watches that stand for what federated factors were learned from: as if few had watched each item.
const FEDERATED_WATCHES: u32 = 3;

impl Recommender {
    /// The same model with `items` after its own. `channels` are the numbers of their channels; new ones follow those that the model
    /// has without a gap. `None` where there are not as many of both, or the model was made from other content vectors.
    pub fn with_new_items(&self, items: &[Item], channels: &[u32]) -> Option<Self> {
        let components = self.components();
        let known = components.items();
        if items.len() != channels.len() || components.content.items.dimensions() != CONTENT_DIMENSIONS {
            return None;
        }
        let content = joined(
            &components.content.items,
            &ContentBasis::new(CONTENT_DIMENSIONS).vectors(items),
        )?;
        let views = items.iter().map(|item| (item.views as f32).ln_1p());
        let popularity: Vec<f32> = components.popularity.iter().copied().chain(views).collect();
        let watches: Vec<u32> = (components.local_popularity.iter())
            .map(|popularity| popularity.exp_m1().round() as u32)
            .collect();
        let inputs = PublicInputs {
            content: &content,
            popularity: &popularity,
        };
        let new = known as u32..(known + items.len()) as u32;
        let placed = |model: &FactorModel, watches: &[u32], follows_inputs: bool| {
            let rows = Factors::zeros(items.len(), model.items.dimensions());
            let mut factors = joined(&model.items, &rows)?;
            place_new(&mut factors, inputs, watches, follows_inputs);
            let mut incomparable = model.incomparable().to_vec();
            incomparable.extend(new.clone());
            Some(FactorModel::new(factors, model.fold_in.clone()).without_directions(incomparable))
        };
        let own = components.own.as_ref().map(|model| placed(model, &watches, false));
        let federated_watches = vec![FEDERATED_WATCHES; known];
        let federated = (components.federated.as_ref()).map(|model| placed(model, &federated_watches, true));
        let fold_in = components.content.fold_in.clone();
        let components = Components::joined(
            [federated.flatten(), own.flatten()],
            FactorModel::new(content.clone(), fold_in),
            components.channel_of.iter().chain(channels).copied().collect(),
            popularity.clone(),
            [components.local_popularity.clone(), vec![0.0; items.len()]].concat(),
        );
        Some(Self::new(components, self.weights(), self.newcomers()))
    }
}

/// The rows of both.
fn joined(first: &Factors, second: &Factors) -> Option<Factors> {
    (first.dimensions() == second.dimensions()).then_some(())?;
    Factors::from_values(first.dimensions(), [first.values(), second.values()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::blend::Weights;
    use crate::model::catalogue::Catalogue;
    use crate::model::contribution::EvidenceBasis;
    use crate::model::newcomers::Newcomers;

    fn item(number: usize, tag: &str) -> Item {
        Item {
            address: format!("https://one.test/{number}"),
            channel: format!("https://one.test/channels/{}", number % 3),
            tags: vec![tag.to_owned()],
            title: format!("{tag} of the day"),
            views: number as u64,
            ..Item::default()
        }
    }

    #[test]
    fn a_new_item_scores_by_its_content_at_once() {
        let items: Vec<Item> = (0..30)
            .map(|number| item(number, ["bees", "music"][number % 2]))
            .collect();
        let catalogue = Catalogue::new(items, EvidenceBasis::new(8));
        let model = Recommender::new(Components::public(&catalogue), Weights::prior(0), Newcomers::default());
        let new = [item(30, "bees"), item(31, "music")];
        let grown = model.with_new_items(&new, &[0, 1]).unwrap();
        assert_eq!(grown.items(), 32);
        let history = [(0, 1.0), (2, 1.0), (4, 1.0)];
        let scores = grown.scores(&grown.profile(&history));
        assert!(scores[30] > scores[31], "{} {}", scores[30], scores[31]);
        let similar = grown.similar(30);
        assert!(similar[2] > similar[1] && similar[30] > 0.99);
        assert!(model.with_new_items(&new, &[0]).is_none());
    }
}

//! What one account would add to the evidence, before it is bounded (see [`crate::privacy`]).

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::basis::{Basis, contribution_fold_in};
use super::catalogue::Catalogue;
use super::content::ContentBasis;
use super::evidence::BasisId;
use super::fold_in::FoldIn;
use super::least_squares::Workspace;
use super::linear_algebra::{add_scaled, dot};
use super::support::Support;

/// One account's factor and its weights on videos and channels of the public list, before clipping.
///
/// Not serializable, printed without contents, wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Contribution {
    /// The account's factor, one entry per dimension of the basis. Clipped to L2 norm 1.
    pub factor: Vec<f32>,
    /// (Place in the list of videos, weight). Clipped together to L2 norm 1; of equal places only the first counts.
    pub videos: Vec<(u32, f32)>,
    /// (Place in the list of channels, weight). Clipped together to L2 norm 1; of equal places only the first counts.
    pub channels: Vec<(u32, f32)>,
}

impl std::fmt::Debug for Contribution {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without contents: a log must never show what an account watched.
        formatter.debug_struct("Contribution").finish_non_exhaustive()
    }
}

/// How evidence is expressed: the content basis plus one constant dimension that carries popularity.
///
/// Everything here is public and part of the basis id, because receivers need it to read the sums.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EvidenceBasis {
    content: ContentBasis,
}

impl EvidenceBasis {
    /// Length of the constant dimension; the rest of a user's factor has length `sqrt(1 - CONSTANT^2)`.
    pub const CONSTANT: f32 = 0.35;
    /// Weight of unobserved videos when folding in.
    pub const UNOBSERVED_WEIGHT: f32 = 0.2;
    /// Ridge of the fold-in, as a share of the mean diagonal of the weighted Gram matrix of the basis.
    pub const RIDGE: f32 = 0.3;

    /// A basis of `dimensions`, of which one is constant.
    pub fn new(dimensions: usize) -> Self {
        Self {
            content: ContentBasis::new(dimensions.max(2) - 1),
        }
    }

    /// Number of dimensions, the constant one included.
    pub fn dimensions(&self) -> usize {
        self.content.dimensions() + 1
    }

    /// The part without the constant dimension.
    pub fn content(&self) -> ContentBasis {
        self.content
    }

    /// Digest of all that makes sums comparable.
    pub fn id(&self) -> BasisId {
        let definition = format!(
            "{}; constant {}, unobserved {}, ridge {}",
            self.content.id(),
            Self::CONSTANT,
            Self::UNOBSERVED_WEIGHT,
            Self::RIDGE
        );
        BasisId(Sha256::digest(definition.as_bytes()).into())
    }
}

/// Makes contributions for the items of one instance and one public list.
pub struct Contributor<'a> {
    basis: &'a Basis,
    fold_in: FoldIn,
    video_places: Vec<Option<u32>>,
    channel_places: Vec<Option<u32>>,
}

impl<'a> Contributor<'a> {
    /// In the basis of `catalogue`; only items and channels in `support` will be spoken about.
    pub fn new(catalogue: &'a Catalogue, support: &Support) -> Self {
        let (items, basis) = (catalogue.items(), catalogue.basis());
        let find = |list: &[String], address: &String| list.binary_search(address).ok().map(|place| place as u32);
        Self {
            basis,
            fold_in: contribution_fold_in(basis.vectors()),
            video_places: items.iter().map(|item| find(support.videos(), &item.address)).collect(),
            channel_places: items
                .iter()
                .map(|item| find(support.channels(), &item.channel))
                .collect(),
        }
    }

    /// A workspace for [`Self::contribution`]; one per thread.
    pub fn workspace(&self) -> Workspace {
        Workspace::new(self.basis.vectors().dimensions())
    }

    /// What one user with this history would add if all of it counts.
    pub fn contribution(&self, workspace: &mut Workspace, items: &[u32], values: &[f32]) -> Contribution {
        self.contribution_of(workspace, (items, values), (items, values))
    }

    /// What one user would add: the factor follows from the whole `history`, the weights from the part of it that
    /// `counts`. Both are (items, values).
    ///
    /// However few watches count, their weights have length 1: who watched little lately says as much as others. With a
    /// constant scale instead, a release of a twelfth of the history would hold a twelfth of the (squared) signal under
    /// the same noise.
    pub fn contribution_of(
        &self,
        workspace: &mut Workspace,
        history: (&[u32], &[f32]),
        counts: (&[u32], &[f32]),
    ) -> Contribution {
        let mut content = self
            .fold_in
            .factor(workspace, self.basis.vectors(), history.0, history.1);
        // What a popular history alone would give is public already.
        let popular = self.basis.popular_direction();
        let along = dot(&content, popular);
        add_scaled(&mut content, -along, popular);
        let (items, values) = counts;
        let norm = content.iter().map(|value| value * value).sum::<f32>().sqrt();
        let length = (1.0 - EvidenceBasis::CONSTANT * EvidenceBasis::CONSTANT).sqrt();
        let scale = if norm > 0.0 { length / norm } else { 0.0 };
        let mut factor = vec![EvidenceBasis::CONSTANT];
        factor.extend(content.iter().map(|value| value * scale));
        content.zeroize();

        let mut videos = Vec::with_capacity(items.len());
        let mut channels: HashMap<u32, f32> = HashMap::new();
        for (&item, &value) in items.iter().zip(values) {
            let item = item as usize;
            if let Some(place) = self.video_places[item] {
                videos.push((place, value));
            }
            if let Some(place) = self.channel_places[item] {
                *channels.entry(place).or_default() += value;
            }
        }
        let mut channels: Vec<(u32, f32)> = channels.into_iter().collect();
        channels.sort_unstable_by_key(|entry| entry.0);
        normalize(&mut videos);
        normalize(&mut channels);
        Contribution {
            factor,
            videos,
            channels,
        }
    }
}

/// To length 1, so that everybody uses the whole allowance.
fn normalize(weights: &mut [(u32, f32)]) {
    let norm = weights.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
    if norm > 0.0 {
        weights.iter_mut().for_each(|(_, weight)| *weight /= norm);
    }
}

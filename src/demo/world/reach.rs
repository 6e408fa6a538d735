//! Which videos each instance knows, and which of them it lists: who follows whom, what is blocked and muted.

use rand::{Rng, RngExt};

use super::catalogue::Catalogue;
use super::chance::{Part, numbers};
use super::parameters::WorldParameters;

/// How an instance stands to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
    /// It is the instance itself.
    Itself,
    /// The instance follows it, and was accepted.
    Accepted,
    /// The instance asked to follow it and waits.
    Pending,
    /// The instance does not follow it, but perhaps some of its channels.
    No,
}

/// What one instance knows and shows.
#[derive(Debug)]
pub(super) struct Reach {
    /// For each host, whether its instance actor is followed.
    pub(super) hosts: Vec<Follow>,
    /// For each channel, whether the instance itself follows that very channel.
    pub(super) channels: Vec<bool>,
    /// For each video, whether the database has it.
    pub(super) known: Vec<bool>,
    /// For each video, whether the administrators blocked it.
    pub(super) blacklisted: Vec<bool>,
    /// The owner whom the instance muted: origin and number.
    pub(super) muted_owner: Option<(usize, usize)>,
    /// For each video, whether PeerTube lists it to a user who muted nobody and hides nothing.
    pub(super) listed: Vec<bool>,
}

/// Decides what every instance knows and shows.
pub(super) fn reaches(parameters: &WorldParameters, catalogue: &Catalogue) -> Vec<Reach> {
    let mut rng = numbers(parameters.seed, Part::Reach);
    (0..parameters.users.len())
        .map(|instance| reach(&mut rng, parameters, catalogue, instance))
        .collect()
}

fn reach(rng: &mut impl Rng, parameters: &WorldParameters, catalogue: &Catalogue, instance: usize) -> Reach {
    let instances = parameters.users.len();
    // In a small fediverse everyone follows everyone; in a larger one, most.
    let hosts: Vec<Follow> = (0..catalogue.hosts.len())
        .map(|host| match host {
            itself if itself == instance => Follow::Itself,
            other if other < instances && (instances <= 3 || rng.random_bool(0.9)) => Follow::Accepted,
            last if last + 1 == catalogue.hosts.len() => Follow::Pending,
            _ => Follow::No,
        })
        .collect();
    let channels: Vec<bool> = catalogue
        .channels
        .iter()
        .map(|channel| channel.origin < instances && hosts[channel.origin] == Follow::No && rng.random_bool(0.3))
        .collect();
    let known: Vec<bool> = catalogue
        .videos
        .iter()
        .map(|video| {
            let chance = match hosts[video.origin] {
                Follow::Itself => return true,
                Follow::Accepted => 0.97,
                _ if channels[video.channel] => 1.0,
                // Fetched because somebody searched for it.
                _ if video.origin >= instances => 0.6,
                _ => 0.05,
            };
            rng.random_bool(chance) && video.federated()
        })
        .collect();
    let blacklisted: Vec<bool> = known.iter().map(|known| rng.random_bool(0.01) && *known).collect();
    let foreign: Vec<usize> = (0..catalogue.channels.len())
        .filter(|channel| matches!(hosts[catalogue.channels[*channel].origin], Follow::Accepted))
        .collect();
    let muted_owner = (!foreign.is_empty()).then(|| {
        let channel = &catalogue.channels[foreign[rng.random_range(0..foreign.len())]];
        (channel.origin, channel.owner)
    });
    let listed = (0..catalogue.videos.len())
        .map(|index| {
            let video = &catalogue.videos[index];
            let owner = (video.origin, catalogue.channels[video.channel].owner);
            let followed = matches!(hosts[video.origin], Follow::Itself | Follow::Accepted) || channels[video.channel];
            known[index] && video.federated() && followed && !blacklisted[index] && muted_owner != Some(owner)
        })
        .collect();
    Reach {
        hosts,
        channels,
        known,
        blacklisted,
        muted_owner,
        listed,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn what_nobody_followed_is_known_but_not_listed() {
        let parameters = WorldParameters::new(3, vec![5, 20, 40], DateTime::UNIX_EPOCH);
        let catalogue = Catalogue::generate(&parameters);
        for reach in reaches(&parameters, &catalogue) {
            let strange = |index: &usize| catalogue.videos[*index].origin >= 3;
            assert!(
                (0..catalogue.videos.len())
                    .filter(strange)
                    .any(|index| reach.known[index])
            );
            assert!(
                !(0..catalogue.videos.len())
                    .filter(strange)
                    .any(|index| reach.listed[index])
            );
            assert!(reach.hosts.contains(&Follow::Pending));
        }
    }

    #[test]
    fn in_a_large_fediverse_some_instances_follow_channels_instead() {
        let parameters = WorldParameters::with_cycled_sizes(3, 12, &[5, 20, 40], DateTime::UNIX_EPOCH);
        let catalogue = Catalogue::generate(&parameters);
        let reaches = reaches(&parameters, &catalogue);
        assert!(reaches.iter().any(|reach| reach.channels.contains(&true)));
        for reach in &reaches {
            let listed = reach.listed.iter().filter(|listed| **listed).count();
            assert!(2 * listed > catalogue.videos.len(), "{listed}");
        }
    }
}

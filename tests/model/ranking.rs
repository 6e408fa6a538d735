//! The second stage: learned where it helps, and left alone where it does not.

use std::collections::HashSet;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shoal::model::blend::Weights;
use shoal::model::catalogue::Catalogue;
use shoal::model::components::Components;
use shoal::model::contribution::EvidenceBasis;
use shoal::model::interactions::Interactions;
use shoal::model::item::Item;
use shoal::model::newcomers::Newcomers;
use shoal::model::ranking::learning::{Learned, Material, learn};
use shoal::model::ranking::{
    Account, ChannelTie, Decay, Event, Facts, Feature, ItemFacts, RankingReport, Reader, Verdict,
};
use shoal::model::recommender::Recommender;

const DAY: i64 = 86_400;
const ITEMS: u32 = 360;
const CHANNELS: u32 = 36;
const NOW: i64 = 100 * DAY;

/// Ten items in each channel, all published before anything happens.
fn facts() -> Facts {
    Facts::new((0..ITEMS).map(|item| ItemFacts {
        published: -DAY * i64::from(1 + item % 50),
        language: Some(if item % 3 == 0 { "en" } else { "fr" }),
        channel: item % CHANNELS,
        listed: true,
    }))
}

/// A first stage that knows public metadata only. Channels are in the order of their addresses, as in [`facts`].
fn first_stage(_: &Interactions) -> Recommender {
    let item = |item: u32| Item {
        address: format!("https://tube.test/{item:04}"),
        channel: format!("https://tube.test/channels/{:02}", item % CHANNELS),
        title: format!("Video {item}"),
        views: u64::from(item * 7 % 100),
        listed: true,
        ..Item::default()
    };
    let catalogue = Catalogue::new((0..ITEMS).map(item).collect(), EvidenceBasis::new(8));
    Recommender::new(Components::public(&catalogue), Weights::prior(0), Newcomers::default())
}

/// Accounts with two subscriptions each, and 20 watches in 100 days. After day 60, a watch is of a followed channel with
/// the given chance, and of any channel otherwise.
fn accounts(seed: u64, count: usize, loyalty: f64) -> Vec<Account> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| {
            let followed: [u32; 2] = std::array::from_fn(|_| random.random_range(0..CHANNELS));
            let mut seen = HashSet::new();
            let events = (0..20i64).filter_map(|number| {
                let first = number * 5 * DAY + random.random_range(0..DAY);
                let loyal = first > 60 * DAY && random.random_bool(loyalty);
                let channel = if loyal {
                    followed[random.random_range(0..2)]
                } else {
                    random.random_range(0..CHANNELS)
                };
                let item = channel + CHANNELS * random.random_range(0..ITEMS / CHANNELS);
                let event = Event {
                    item,
                    value: 1.0,
                    share: Some(random.random_range(0.2..1.0)),
                    first,
                };
                seen.insert(item).then_some(event)
            });
            let events = events.collect();
            let ties = followed.map(|channel| ChannelTie {
                channel,
                subscribed: true,
                since: 0,
            });
            Account {
                events,
                ties: ties.to_vec(),
            }
        })
        .collect()
}

fn learned(accounts: &[Account], seed: u64) -> Learned {
    let facts = facts();
    let material = Material {
        facts: &facts,
        accounts,
        decay: Decay {
            now: NOW,
            half_life_days: 0.0,
        },
        seed,
    };
    learn(&material, first_stage)
}

fn of(report: &RankingReport, feature: Feature) -> shoal::model::ranking::report::FeatureReport {
    *report.features.iter().find(|found| found.feature == feature).unwrap()
}

#[test]
fn subscriptions_that_predict_watches_make_it_win() {
    let learned = learned(&accounts(1, 200, 0.7), 1);
    let report = &learned.report;
    assert_eq!(report.verdict, Verdict::Used, "{report:?}");
    assert!(report.ranked_ndcg_20 > 2.0 * report.factor_score_ndcg_20, "{report:?}");
    assert!((report.gain.ndcg_20 - (report.ranked_ndcg_20 - report.factor_score_ndcg_20)).abs() < 1e-9);
    let subscription = of(report, Feature::Subscription);
    for feature in Feature::ALL
        .into_iter()
        .filter(|feature| *feature != Feature::Subscription)
    {
        let other = of(report, feature);
        assert!(
            other.alone.ndcg_20 < 0.3 * subscription.alone.ndcg_20,
            "{other:?} {subscription:?}"
        );
        assert!(
            other.left_out.ndcg_20 < 0.3 * subscription.left_out.ndcg_20,
            "{other:?} {subscription:?}"
        );
    }

    // In use, it puts what is followed first, and changes nothing that may not be shown.
    let (ranker, facts) = (learned.ranker.unwrap(), facts());
    assert!(ranker.weight(Feature::Subscription) > 0.0);
    let recommender = first_stage(&Interactions::new(0));
    let history = [(0, 1.0)];
    let profile = recommender.profile(&history);
    let mut scores = recommender.scores(&profile);
    let before = scores.clone();
    let ties = [ChannelTie {
        channel: 5,
        subscribed: true,
        since: 0,
    }];
    let reader = Reader {
        profile: &profile,
        history: &history,
        ties: &ties,
        time: NOW,
    };
    let excluded = HashSet::from([0, 5]);
    ranker.rerank(&recommender, &facts, &reader, &excluded, &mut scores);
    let mut order: Vec<u32> = (0..ITEMS).filter(|item| !excluded.contains(item)).collect();
    order.sort_by(|one, other| scores[*other as usize].total_cmp(&scores[*one as usize]));
    assert!(order[..9].iter().all(|item| item % CHANNELS == 5), "{:?}", &order[..12]);
    for item in excluded {
        assert!((scores[item as usize] - before[item as usize]).abs() == 0.0);
    }
}

#[test]
fn features_that_are_noise_are_not_used() {
    let used: Vec<u64> = (0..24)
        .filter(|seed| {
            let learned = learned(&accounts(100 + seed, 120, 0.0), *seed);
            assert_eq!(learned.ranker.is_some(), learned.report.verdict == Verdict::Used);
            assert_ne!(learned.report.verdict, Verdict::TooLittleHistory);
            learned.ranker.is_some()
        })
        .collect();
    // Two standard errors: one in forty is better by chance.
    assert!(used.len() <= 1, "{used:?}");
}

#[test]
fn little_or_no_history_is_not_enough() {
    let mut at_once = accounts(1, 100, 0.7);
    for event in at_once.iter_mut().flat_map(|account| &mut account.events) {
        event.first = DAY;
    }
    for accounts in [Vec::new(), vec![Account::default(); 50], accounts(1, 8, 0.7), at_once] {
        let learned = learn(
            &Material {
                facts: &facts(),
                accounts: &accounts,
                decay: Decay {
                    now: NOW,
                    half_life_days: 90.0,
                },
                seed: 1,
            },
            |_| unreachable!("nothing can be measured, so nothing is learned"),
        );
        assert_eq!(learned.report, RankingReport::default());
        assert!(learned.ranker.is_none());
    }
}

#[test]
fn the_same_data_give_the_same_ranker_whatever_the_number_of_threads() {
    let accounts = accounts(3, 90, 0.5);
    let bytes = |learned: Learned| (learned.report, postcard::to_allocvec(&learned.ranker).unwrap());
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let (one, other) = (
        alone.install(|| bytes(learned(&accounts, 7))),
        bytes(learned(&accounts, 7)),
    );
    assert!(one == other);
}

#[test]
fn the_first_stage_sees_nothing_of_what_is_predicted() {
    let accounts = accounts(1, 60, 0.5);
    let times = |until: i64| {
        let events = accounts.iter().flat_map(|account| &account.events);
        events.filter(|event| event.first <= until).count()
    };
    let mut seen = 0;
    let facts = facts();
    let material = Material {
        facts: &facts,
        accounts: &accounts,
        decay: Decay {
            now: NOW,
            half_life_days: 0.0,
        },
        seed: 1,
    };
    learn(&material, |history| {
        seen = history.len();
        first_stage(history)
    });
    let all = times(NOW);
    assert!((0.69..0.71).contains(&(seen as f64 / all as f64)), "{seen} of {all}");
}

#[test]
fn what_is_not_published_yet_is_predicted_for_nobody() {
    // Everything that is watched late is published late: at the moments it was not there, so nobody can be asked for it.
    let accounts = accounts(1, 100, 0.7);
    let facts = Facts::new((0..ITEMS).map(|item| ItemFacts {
        published: 99 * DAY,
        language: None,
        channel: item % CHANNELS,
        listed: true,
    }));
    let material = Material {
        facts: &facts,
        accounts: &accounts,
        decay: Decay {
            now: NOW,
            half_life_days: 0.0,
        },
        seed: 1,
    };
    assert_eq!(learn(&material, first_stage).report.verdict, Verdict::TooLittleHistory);
}

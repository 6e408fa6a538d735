use rand::SeedableRng;
use shoal::demo::world::*;
use shoal::evaluation::baseline::content_weights;
use shoal::model::{
    alternating::*, blend::*, catalogue::*, components::*, contribution::*, head::*, interactions::*, item::*,
    learning::*, metrics::*, preference::*,
};
use shoal::privacy::{release::*, *};
use std::collections::HashMap;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let seeds: Vec<u64> = a[1].split(',').map(|s| s.parse().unwrap()).collect();
    let sizes: Vec<usize> = a[2].split(',').map(|s| s.parse().unwrap()).collect();
    let eps: f64 = a[3].parse().unwrap();
    let d: usize = a[4].parse().unwrap();
    let mut acc: Vec<[f64; 5]> = vec![[0.0; 5]; sizes.len()];
    for &seed in &seeds {
        let now = chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let w = World::generate(&WorldParameters::new(seed, sizes.clone(), now));
        let rules = PreferenceRules {
            half_life_days: 365.0,
            minimum_share: 0.1,
            unknown_share_value: 0.5,
            like_value: 1.0,
            dislike_value: -1.0,
        };
        struct I {
            cat: Catalogue,
            inter: Interactions,
            test: Vec<(usize, Vec<u32>)>,
            hidden: Vec<u32>,
        }
        let mut is = vec![];
        for inst in &w.instances {
            let chan_actor: HashMap<i32, &str> = inst
                .actors
                .iter()
                .filter_map(|x| Some((x.channel_id?, x.url.as_str())))
                .collect();
            let tags: HashMap<i32, &str> = inst.tags.iter().copied().collect();
            let mut vids: Vec<_> = inst
                .videos
                .iter()
                .filter(|v| v.privacy == 1 || v.privacy == 4)
                .collect();
            vids.sort_by(|a, b| a.url.cmp(&b.url));
            let items: Vec<Item> = vids
                .iter()
                .map(|v| Item {
                    address: v.url.clone(),
                    channel: chan_actor[&v.channel_id].to_string(),
                    category: v.category.map(|c| c as u32),
                    language: v.language.map(str::to_owned),
                    tags: v.tag_ids.iter().map(|t| tags[t].to_owned()).collect(),
                    title: v.name.clone(),
                    views: v.views as u64,
                    listed: v.privacy == 1,
                })
                .collect();
            let idx: HashMap<i32, u32> = vids.iter().enumerate().map(|(i, v)| (v.id, i as u32)).collect();
            let mut per: HashMap<i32, HashMap<i32, (Option<Watched>, Option<Rating>, f64)>> = HashMap::new();
            for h in &inst.history {
                if let Some(&i) = idx.get(&h.video_id) {
                    let v = vids[i as usize];
                    per.entry(h.user_id).or_default().insert(
                        h.video_id,
                        (
                            Some(Watched::from_position(h.current_time, v.duration, v.live)),
                            None,
                            (now - h.updated_at).as_seconds_f64() / 86400.0,
                        ),
                    );
                }
            }
            let acc_user: HashMap<i32, i32> = inst.accounts.iter().filter_map(|x| Some((x.id, x.user_id?))).collect();
            for r in &inst.rates {
                if let (Some(u), true) = (acc_user.get(&r.account_id), idx.contains_key(&r.video_id)) {
                    per.entry(*u)
                        .or_default()
                        .entry(r.video_id)
                        .or_insert((None, None, (now - r.created_at).as_seconds_f64() / 86400.0))
                        .1 = Some(if r.like { Rating::Like } else { Rating::Dislike });
                }
            }
            let ho: HashMap<i32, &Vec<i32>> = inst.held_out.iter().map(|(u, v)| (*u, v)).collect();
            let mut inter = Interactions::new(items.len());
            let mut test = vec![];
            for &u in &inst.eligible_users {
                let row: Vec<(u32, f32)> = per
                    .get(&u)
                    .map(|m| {
                        m.iter()
                            .map(|(v, (w, r, age))| (idx[v], rules.value(*w, *r, *age)))
                            .collect()
                    })
                    .unwrap_or_default();
                let n = inter.push_user(row);
                if let Some(t) = ho.get(&u) {
                    let t: Vec<u32> = t.iter().filter_map(|v| idx.get(v).copied()).collect();
                    if !t.is_empty() {
                        test.push((n, t));
                    }
                }
            }
            let _ = &inst.host;
            is.push(I {
                cat: Catalogue::new(items, EvidenceBasis::new(d)),
                inter,
                test,
                hidden: vec![],
            });
        }
        let mu = accountant::mu_of(Epsilon::new(eps).unwrap(), Delta::new(1e-6).unwrap());
        let released: Vec<_> = is
            .iter()
            .enumerate()
            .map(|(n, i)| {
                let s = public_support(i.cat.items(), 2000, 1000);
                let mut sum = EvidenceSum::new(
                    i.cat.basis().id(),
                    i.cat.basis().dimensions() as u16,
                    s.clone(),
                    shoal::training::releasing::shares().unwrap(),
                );
                for c in contributions(&i.cat, &i.inter, &s) {
                    sum.add(&c);
                }
                (
                    s,
                    sum.release(
                        mu,
                        Delta::new(1e-6).unwrap(),
                        5,
                        &mut rand_chacha::ChaCha20Rng::seed_from_u64(seed + 100 * n as u64),
                    )
                    .ok(),
                )
            })
            .collect();
        for (n, i) in is.iter().enumerate() {
            let mut src: Vec<_> = released
                .iter()
                .enumerate()
                .filter(|(m, _)| *m != n)
                .filter_map(|(_, (_, r))| r.as_ref()?.source(&i.cat))
                .collect();
            let l = learn(
                &i.cat,
                &i.inter,
                &released[n].0,
                &mut src,
                &LearningParameters {
                    alternating: AlternatingParameters::default(),
                    seed,
                },
                |_| (),
            );
            let m = [
                Weights::only(Component::Popularity),
                content_weights(),
                Weights::only(Component::Own),
                Weights::only(Component::Federated),
                l.recommender.weights(),
            ];
            let mut q = [0.0; 5];
            for (u, t) in &i.test {
                if std::env::var("DBG").is_ok() && i.inter.users() < 20 {
                    let e: Vec<(u32, f32)> = i.inter.entries(*u).collect();
                    let a = l.recommender.scores_under(m[0], &[]);
                    let b = l.recommender.scores_under(m[0], &e);
                    println!(
                        "user {u} t {t:?} same {} ranks {:?} {:?} e {}",
                        a == b,
                        ranks(&a, t, &[]),
                        ranks(&b, t, &[]),
                        e.len()
                    );
                }
                let e: Vec<(u32, f32)> = i.inter.entries(*u).collect();
                let (items, _) = i.inter.row(*u);
                let ex: Vec<u32> = items
                    .iter()
                    .copied()
                    .filter(|x| !t.contains(x))
                    .chain(i.hidden.iter().copied())
                    .collect();
                for (k, w) in m.iter().enumerate() {
                    q[k] += ndcg_at(&ranks(&l.recommender.scores_under(*w, &e), t, &ex), 20) / i.test.len() as f64;
                }
            }
            if std::env::var("DBG").is_ok() {
                let c = l.recommender.components();
                let mut o: Vec<usize> = (0..c.popularity.len()).collect();
                o.sort_by(|&a, &b| c.popularity[b].total_cmp(&c.popularity[a]));
                println!("{:?} {:?}", &o[..8], i.cat.items()[o[0]].views);
                let s = l.recommender.scores_under(Weights::only(Component::Popularity), &[]);
                o.sort_by(|&a, &b| s[b].total_cmp(&s[a]));
                println!("{:?}", &o[..8]);
            }
            println!(
                "seed {seed} {:>5} users int {:>6} test {:>4}: pop {:.3} content {:.3} own {:.3} fed {:.3} comb {:.3}  w {:?}",
                i.inter.users(),
                i.inter.len(),
                i.test.len(),
                q[0],
                q[1],
                q[2],
                q[3],
                q[4],
                l.recommender.weights().0
            );
            for k in 0..5 {
                acc[n][k] += q[k] / seeds.len() as f64;
            }
        }
    }
    for (n, q) in acc.iter().enumerate() {
        println!(
            "MEAN {:>5}: pop {:.3} content {:.3} own {:.3} fed {:.3} comb {:.3}",
            sizes[n], q[0], q[1], q[2], q[3], q[4]
        );
    }
}

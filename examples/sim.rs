use shoal::evaluation::{dataset::*, simulation::*};
use shoal::model::{alternating::*, learning::*};
use shoal::privacy::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let eps: f64 = a[2].parse().unwrap();
    let agg = match a[1].as_str() {
        "none" => Aggregation::None,
        "local" => Aggregation::Local,
        _ => Aggregation::Secure,
    };
    let d: usize = a[3].parse().unwrap();
    let dir = std::path::Path::new("/work/tmp/data/ml-1m");
    let ds = Dataset::read(dir, 4.0).unwrap();
    let part = read_partition(&dir.join("partition-100.tsv"), &ds).unwrap();
    let p = SimulationParameters {
        aggregation: agg,
        epsilon: Epsilon::new(eps).unwrap(),
        delta: Delta::new(1e-5).unwrap(),
        dimensions: d,
        learning: LearningParameters {
            alternating: AlternatingParameters::default(),
            seed: 3,
        },
        shares: BudgetShares::from_weights(0.7, 0.15, 0.1, 0.05).unwrap(),
        seed: 0,
    };
    let t = std::time::Instant::now();
    let r = simulate(&ds, &part, &p, |i, n| {
        if i % 20 == 0 {
            eprintln!("{i}/{n} {:?}", t.elapsed())
        }
    })
    .unwrap();
    for b in std::iter::once(&r.overall).chain(&r.buckets) {
        println!(
            "{:>4}-{:<6} inst {:>3} users {:>5} pop {:.4} content {:.4} own {:.4} fed {:.4} comb {:.4} pooled {:.4}",
            b.min_users,
            b.max_users.map_or("".into(), |m| m.to_string()),
            b.instances,
            b.users,
            b.popularity.ndcg_20,
            b.content.ndcg_20,
            b.own.ndcg_20,
            b.federated.ndcg_20,
            b.combined.ndcg_20,
            b.pooled.ndcg_20
        );
    }
    println!("worse {} bytes {} {:?}", r.worse_than_alone, r.bytes, t.elapsed());
}

//! A million videos of other instances: from when on there are lists, how long the first model takes, and how much memory.

use std::time::{Duration, Instant};

use shoal::demo::postgres::ThrowAwayCluster;

use super::load::Pool;
use super::processes::{Sidecar, children_cpu_seconds, cpu_seconds, peak_megabytes};
use super::{TOKEN, postmaster, settings, wait_for_model};

/// How often lists are asked for while the first model is learned.
const PAUSE: Duration = Duration::from_secs(2);

/// Prints the figures.
pub async fn measure(cluster: &ThrowAwayCluster) {
    let (address, settings) = settings(cluster);
    let before = children_cpu_seconds(postmaster(cluster));
    let sidecar = Sidecar::start(&settings);
    let pool = Pool::new(&address, TOKEN);
    let started = Instant::now();
    let (mut answered, mut refused, mut slowest, mut first) = (0, 0, 0.0f64, f64::NAN);
    let lists = async {
        loop {
            for path in [
                "strategy=popular",
                "strategy=recent",
                "userId=17",
                "strategy=subscriptions&userId=18",
            ] {
                let asked = Instant::now();
                let path = format!("/api/v1/recommendations/videos?{path}&count=15");
                match pool.get(&path).await {
                    Ok((200, _)) => {
                        answered += 1;
                        slowest = slowest.max(asked.elapsed().as_secs_f64());
                        if first.is_nan() {
                            first = started.elapsed().as_secs_f64();
                        }
                    }
                    Ok(_) => refused += 1,
                    // Nobody listens yet.
                    Err(_) => {}
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    let waiting = wait_for_model(&pool);
    tokio::select! {
        () = lists => {}
        () = waiting => {}
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("lists from {first:.1} s on: {answered} answered, {refused} refused, the slowest after {slowest:.2} s");
    println!(
        "model in use after {seconds:.0} s: {:.0} CPU s of shoal, {:.0} of PostgreSQL, at most {:.0} MB resident",
        cpu_seconds(sidecar.id()),
        children_cpu_seconds(postmaster(cluster)) - before,
        peak_megabytes(sidecar.id())
    );
}

//! What serving takes on a large instance: 100,000 videos, 10,000 users with about 100 watches each, a real PostgreSQL, the
//! real program over HTTP. Everything shares the machine: the database, the program, and the load.
//!
//! `cargo bench --bench serving` prints, in this order: latencies at 300 requests per second for each strategy, the most
//! requests per second that are answered, the same of PeerTube's own query for "Other videos" on the same database, and
//! what happens under ten times more load than can be answered. `-- 60` measures 60 seconds each instead of 10, and
//! `-- for-you next` latencies of these strategies only, and nothing else. `-- million` measures, instead of all that, how a
//! small instance starts that knows a million videos of others.

mod load;
mod million;
mod processes;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use load::{Outcome, Pool, closed, open};
use processes::{Sidecar, children_cpu_seconds, cpu_seconds, peak_megabytes};
use shoal::demo::postgres::{Options, ThrowAwayCluster};
use shoal::demo::schema::{Layout, create_schema};
use shoal::peertube::read_role_sql;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};

const TOKEN: &str = "a service token for benchmarks";
const PASSWORD: &str = "password";
/// Requests per second at which latencies are measured.
const RATE: f64 = 300.0;
/// Connections of the load, and of PeerTube's query.
const CLIENTS: u64 = 8;
/// Users 11 to 10,010.
const FIRST_USER: u64 = 11;
const USERS: u64 = 10_000;
const VIDEOS: u64 = 100_000;
const STRATEGIES: [&str; 7] = [
    "for-you",
    "next",
    "similar",
    "popular",
    "recent",
    "subscriptions",
    "explore",
];

#[tokio::main]
async fn main() {
    let seconds = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .next_back();
    let duration = Duration::from_secs(seconds.unwrap_or(10));
    let options = Options {
        shared_buffers_mebibytes: 512,
        ..Options::default()
    };
    let cluster = ThrowAwayCluster::start(&options)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let started = Instant::now();
    let million = std::env::args().any(|argument| argument == "million");
    let filling = if million {
        include_str!("million.sql")
    } else {
        include_str!("fill.sql")
    };
    fill(&cluster, filling)
        .await
        .unwrap_or_else(|error| panic!("filling the database: {error}"));
    println!("database filled in {:.0} s", started.elapsed().as_secs_f64());
    if million {
        million::measure(&cluster).await;
        cluster.stop().await;
        return;
    }

    let (address, settings) = settings(&cluster);
    let sidecar = Sidecar::start(&settings);
    let pool = Pool::new(&address, TOKEN);
    wait_for_model(&pool).await;
    println!(
        "model in use after {:.0} s more, {:.1} CPU s, at most {:.0} MB resident",
        started.elapsed().as_secs_f64(),
        cpu_seconds(sidecar.id()),
        peak_megabytes(sidecar.id())
    );

    println!("\n{RATE} requests per second, 15 videos each     p50 ms   p99 ms   answered   CPU ms: shoal   database");
    let named: Vec<&str> = STRATEGIES
        .into_iter()
        .filter(|strategy| std::env::args().any(|argument| argument == *strategy))
        .collect();
    let measured = if named.is_empty() { &STRATEGIES[..] } else { &named };
    // The first one also fills caches and prepares statements.
    for strategy in measured.iter().take(1).chain(measured) {
        let meter = Meter::start(&cluster, &sidecar);
        let outcome = open(&pool, RATE, duration, |number| path(strategy, number)).await;
        meter.report(strategy, &outcome);
    }

    if !named.is_empty() {
        drop(sidecar);
        cluster.stop().await;
        return;
    }
    let throughput = closed(CLIENTS, duration, |number| {
        let (pool, path) = (pool.clone(), path("for-you", number));
        async move { pool.get(&path).await.map_or(0, |(status, _)| status) }
    });
    let ours = rate("for-you, one after the other", &throughput.await);
    let theirs = PgPoolOptions::new()
        .max_connections(CLIENTS as u32)
        .connect(&cluster.url("peertube"))
        .await;
    let theirs = theirs.unwrap_or_else(|error| panic!("{error}"));
    let search = closed(CLIENTS, duration, |number| tag_search(theirs.clone(), number));
    let query = rate("PeerTube's query for other videos", &search.await);
    println!("  {:.1} times as many", ours / query);

    println!("\n{:.0} requests per second, more than can be answered", 10.0 * ours);
    let outcome = open(&pool, 10.0 * ours, Duration::from_secs(5), |number| {
        path("for-you", number)
    })
    .await;
    println!(
        "  answered {}, refused with 503 {}, failed {}; p50 {:.1} ms, p99 {:.1} ms of those answered",
        outcome.count(200),
        outcome.count(503),
        outcome.failed(),
        outcome.quantile(0.5),
        outcome.quantile(0.99)
    );
    drop(sidecar);
    cluster.stop().await;
}

/// A request: another user each time, and another current video.
fn path(strategy: &str, number: u64) -> String {
    let user = FIRST_USER + number * 7_919 % USERS;
    let video = 1 + number * 104_729 % VIDEOS;
    format!("/api/v1/recommendations/videos?strategy={strategy}&userId={user}&videoId={video}&count=15")
}

async fn tag_search(pool: PgPool, number: u64) -> u16 {
    let video = (1 + number * 104_729 % VIDEOS) as i32;
    let tags = r#"SELECT coalesce(array_agg(tag.name), '{}') FROM "videoTag" JOIN tag ON tag.id = "tagId" WHERE "videoId" = $1"#;
    let tags: Vec<String> = sqlx::query_scalar(tags)
        .bind(video)
        .fetch_one(&pool)
        .await
        .unwrap_or_default();
    let found = sqlx::query(include_str!("tag_search.sql"))
        .bind(tags)
        .bind(15i64)
        .fetch_all(&pool)
        .await;
    if found.is_ok() { 200 } else { 500 }
}

fn rate(name: &str, outcome: &Outcome) -> f64 {
    let per_second = outcome.count(200) as f64 / outcome.seconds;
    println!(
        "{name}: {per_second:.0} per second, p50 {:.1} ms, p99 {:.1} ms, {} refused with 503, {} failed",
        outcome.quantile(0.5),
        outcome.quantile(0.99),
        outcome.count(503),
        outcome.failed()
    );
    per_second
}

/// CPU time of the program and of the database, before and after.
struct Meter {
    postmaster: u32,
    sidecar: u32,
    before: (f64, f64),
}

impl Meter {
    fn start(cluster: &ThrowAwayCluster, sidecar: &Sidecar) -> Self {
        let mut meter = Self {
            postmaster: postmaster(cluster),
            sidecar: sidecar.id(),
            before: (0.0, 0.0),
        };
        meter.before = meter.now();
        meter
    }

    fn now(&self) -> (f64, f64) {
        (cpu_seconds(self.sidecar), children_cpu_seconds(self.postmaster))
    }

    fn report(&self, strategy: &str, outcome: &Outcome) {
        let (sidecar, database) = self.now();
        let each = |after: f64, before: f64| 1e3 * (after - before) / outcome.answers.len() as f64;
        println!(
            "  {strategy:<44} {:>8.1} {:>8.1} {:>6}/{:<6} {:>8.2} {:>10.2}",
            outcome.quantile(0.5),
            outcome.quantile(0.99),
            outcome.count(200),
            outcome.answers.len(),
            each(sidecar, self.before.0),
            each(database, self.before.1)
        );
    }
}

/// The number of the server's first process.
fn postmaster(cluster: &ThrowAwayCluster) -> u32 {
    let file = std::fs::read_to_string(cluster.folder().join("data/postmaster.pid")).unwrap_or_default();
    file.lines().next().and_then(|line| line.parse().ok()).unwrap_or(0)
}

async fn fill(cluster: &ThrowAwayCluster, filling: &'static str) -> Result<(), Box<dyn std::error::Error>> {
    cluster.create_database("peertube").await?;
    cluster.create_database("shoal").await?;
    let mut connection = PgConnection::connect(&cluster.url("peertube")).await?;
    create_schema(&mut connection, Layout::V8_2).await?;
    // Columns that the filling statements do not name get a value that means nothing.
    let defaults: Vec<String> = sqlx::query_scalar(
        "SELECT format('ALTER TABLE %I ALTER COLUMN %I SET DEFAULT %s', table_name, column_name, CASE udt_name
                WHEN 'timestamptz' THEN 'now()' WHEN 'bool' THEN 'false' WHEN 'uuid' THEN 'gen_random_uuid()'
                WHEN 'enum_actor_type' THEN '''Person''' WHEN 'int4' THEN '0' WHEN 'int8' THEN '0' ELSE '''''' END)
         FROM information_schema.columns
         WHERE table_schema = 'public' AND is_nullable = 'NO' AND column_default IS NULL AND column_name <> 'id'
           AND udt_name IN ('timestamptz', 'bool', 'uuid', 'enum_actor_type', 'int4', 'int8', 'varchar')",
    )
    .fetch_all(&mut connection)
    .await?;
    for statement in defaults {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
    }
    sqlx::raw_sql(filling).execute(&mut connection).await?;
    sqlx::raw_sql(AssertSqlSafe(read_role_sql("reader", PASSWORD)))
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}

fn settings(cluster: &ThrowAwayCluster) -> (String, Vec<(&'static str, String)>) {
    let free = || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
        listener
            .local_addr()
            .map_or_else(|error| panic!("{error}"), |address| address.to_string())
    };
    let (api, federation) = (free(), free());
    let counter = cluster.folder().join("release-counter");
    let settings = vec![
        ("SHOAL_PEERTUBE__URL", "https://here.test".to_owned()),
        (
            "SHOAL_PEERTUBE__DATABASE_URL",
            cluster.url_as("reader", PASSWORD, "peertube"),
        ),
        ("SHOAL_DATABASE__URL", cluster.url("shoal")),
        ("SHOAL_API__LISTEN", api.clone()),
        ("SHOAL_API__SERVICE_TOKEN", TOKEN.to_owned()),
        ("SHOAL_FEDERATION__LISTEN", federation),
        ("SHOAL_FEDERATION__PUBLIC_URL", "https://here.test/shoal".to_owned()),
        ("SHOAL_PRIVACY__CONTRIBUTE", "false".to_owned()),
        ("SHOAL_PRIVACY__COUNTER_FILE", counter.display().to_string()),
        ("SHOAL_TRAINING__INTERVAL_HOURS", "0".to_owned()),
    ];
    (api, settings)
}

async fn wait_for_model(pool: &Pool) {
    let deadline = Instant::now() + Duration::from_mins(15);
    loop {
        if let Ok((200, body)) = pool.get("/readyz").await
            && serde_json::from_str::<serde_json::Value>(&body).is_ok_and(|ready| !ready["model"].is_null())
        {
            return;
        }
        assert!(Instant::now() < deadline, "no model within a quarter of an hour");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

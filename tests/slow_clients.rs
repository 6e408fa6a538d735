//! Thousands of callers who connect and send a byte now and then, or nothing, or take their answers slowly ("Slowloris").
//! They must be cut off, leave nothing behind, and keep nobody else waiting.
//!
//! A process of its own, because files and memory of the whole process are counted.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;
use shoal::api::Limits;
use shoal::connections::ConnectionLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use world::{PATH, TOKEN, World};

#[allow(
    dead_code,
    reason = "shared with the tests of the room `peertube`, which use more of it"
)]
#[path = "peertube/instance.rs"]
mod instance;
#[allow(dead_code, reason = "shared with the tests of the room `api`, which use more of it")]
#[path = "api/world.rs"]
mod world;

/// One test at a time: both count what the process has.
static ALONE: Mutex<()> = Mutex::const_new(());
/// Longest wait for something that must happen.
const PATIENCE: Duration = Duration::from_mins(1);
/// Open files that are not connections of slow callers: libraries, databases, connections that end just now.
const OTHER_FILES: usize = 1_000;
/// Callers who connect at the same time.
const BATCH: usize = 100;
/// Callers who take answers slowly; each fills the system's buffers with some megabytes.
const SLOW_READERS: usize = 16;

/// What a slow caller does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// Says nothing.
    Silent,
    /// Never finishes the head of a request.
    Head,
    /// Never finishes the body.
    Body,
}

const HABITS: [Habit; 3] = [Habit::Silent, Habit::Head, Habit::Body];

struct Slow {
    habit: Habit,
    stream: TcpStream,
    /// Bytes dripped so far.
    sent: usize,
}

impl Slow {
    async fn connect(address: &str, habit: Habit) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let beginning: &[u8] = match habit {
            Habit::Silent => b"",
            Habit::Head => b"GET /healthz HTTP/1.1\r\nhost: here\r\nx-slow: ",
            Habit::Body => {
                b"PUT /api/v1/users/me/settings HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n{"
            }
        };
        stream.write_all(beginning).await.unwrap();
        Self { habit, stream, sent: 0 }
    }

    /// One more byte, if the connection still takes one.
    fn drip(&mut self) {
        if self.habit != Habit::Silent && self.stream.try_write(b" ").is_ok() {
            self.sent += 1;
        }
    }

    /// What the server said until it ended the connection, which it must.
    async fn heard(&mut self) -> String {
        let mut bytes = Vec::new();
        // An end by reset is an end, too; what arrived before stays in `bytes`.
        let ended = tokio::time::timeout(PATIENCE, self.stream.read_to_end(&mut bytes)).await;
        assert!(ended.is_ok(), "{:?} was not cut off", self.habit);
        String::from_utf8(bytes).unwrap()
    }
}

/// Lets this process open as many files as it may, and says how many that are.
fn files_allowed() -> usize {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    )
    .unwrap();
    limit.maximum.map_or(usize::MAX, |most| most as usize)
}

/// Files that this process has open.
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// Waits until `holds`.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !holds().await {
        assert!(begin.elapsed() < PATIENCE, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What somebody is told who asks as one should, on a new connection.
async fn ask(world: &World) -> Value {
    let request = world.request(reqwest::Method::GET, &format!("{PATH}?strategy=popular&count=5"));
    let answer = world
        .send(request.bearer_auth(TOKEN).header("connection", "close"))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// The sum of a metric's values whose labels contain `label`.
async fn metric(world: &World, name: &str, label: &str) -> f64 {
    let request = world
        .request(reqwest::Method::GET, "/metrics")
        .header("connection", "close");
    let text = world.send(request).await.text;
    let lines = text
        .lines()
        .filter(|line| line.starts_with(name) && line.contains(label));
    lines
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum()
}

async fn connections(world: &World) -> usize {
    metric(world, "shoal_http_connections{", "listener=\"api\"").await as usize
}

/// So many slow callers, who go on being slow while more of them come and somebody else asks.
async fn flood(world: &World, count: usize, mut check: impl AsyncFnMut()) -> Vec<Slow> {
    let address = world.address.strip_prefix("http://").unwrap();
    let mut slow: Vec<Slow> = Vec::with_capacity(count);
    while slow.len() < count {
        let first = slow.len();
        let batch = (first..count.min(first + BATCH)).map(|each| Slow::connect(address, HABITS[each % HABITS.len()]));
        slow.extend(join_all(batch).await);
        if first.is_multiple_of(10 * BATCH) {
            slow.iter_mut().for_each(Slow::drip);
        }
        check().await;
    }
    slow
}

/// Checks a whole answer that is a problem document.
fn assert_problem(answer: &str, status: u16, code: &str) {
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {answer:?}"));
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    let head = head.to_ascii_lowercase();
    assert!(head.contains("content-type: application/problem+json"), "{head}");
    assert_eq!(head.contains("retry-after: 5"), status == 503, "{head}");
    let problem: Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["status"], status);
    assert_eq!(problem["code"], code);
    assert_eq!(problem["error"], problem["detail"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_slow_is_cut_off_and_leaves_nothing_behind() {
    let _alone = ALONE.lock().await;
    // Both ends of each connection belong to this process.
    let count = 8_000.min(files_allowed().saturating_sub(OTHER_FILES) / 2);
    assert!(
        count >= 1_000,
        "the system allows too few open files for this test; raise the hard limit (`ulimit -Hn`)"
    );
    let limits = Limits {
        deadline: Duration::from_secs(2),
        connections: ConnectionLimits {
            most: 2 * count,
            head: Duration::from_secs(2),
            answer: Duration::from_secs(1),
        },
        ..Limits::default()
    };
    let world = World::with_limits(limits).await;
    let right = ask(&world).await;
    let before = open_files();

    let mut most = 0;
    let mut slow = flood(&world, count, async || {
        assert_eq!(ask(&world).await, right);
        most = most.max(connections(&world).await);
    })
    .await;
    println!("{count} slow callers, of whom {most} were connected at once");
    for each in &mut slow {
        each.drip();
        let said = each.heard().await;
        match each.habit {
            Habit::Silent => assert_eq!(said, ""),
            Habit::Head => assert_problem(&said, 408, "request_timeout"),
            Habit::Body => assert_problem(&said, 503, "timeout"),
        }
    }
    until("the server's half of the files is closed", async || {
        open_files() <= before + count + OTHER_FILES / 20
    })
    .await;
    assert_eq!(connections(&world).await, 1, "only the one that asks");
    drop(slow);
    assert!(open_files() <= before + OTHER_FILES / 20, "{} files", open_files());
    assert_eq!(ask(&world).await, right);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_takes_answers_slowly_is_cut_off() {
    let _alone = ALONE.lock().await;
    let limits = Limits {
        connections: ConnectionLimits {
            answer: Duration::from_millis(500),
            ..ConnectionLimits::default()
        },
        ..Limits::default()
    };
    let world = World::with_limits(limits).await;
    let address = world.address.strip_prefix("http://").unwrap();
    let already = metric(&world, "shoal_http_connections_cut_off_total{", "answer-timeout").await;
    // Many questions at once, each with a long answer: more than the system's buffers hold.
    let questions = "GET /api/v1/openapi.json HTTP/1.1\r\nhost: here\r\n\r\n".repeat(400);
    let mut readers = Vec::new();
    for _ in 0..SLOW_READERS {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(questions.as_bytes()).await.unwrap();
        readers.push(stream);
    }
    until("all are cut off", async || {
        for reader in &mut readers {
            let _taken = reader.read(&mut [0; 1]).await;
        }
        metric(&world, "shoal_http_connections_cut_off_total{", "answer-timeout").await >= already + SLOW_READERS as f64
    })
    .await;
    assert_eq!(connections(&world).await, 1, "only the one that asks");
    ask(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_there_is_no_room_the_slowest_make_some() {
    let _alone = ALONE.lock().await;
    let most = 256;
    let count = 10_000.min(files_allowed().saturating_sub(OTHER_FILES + most));
    assert!(
        count >= 2_000,
        "the system allows too few open files for this test; raise the hard limit (`ulimit -Hn`)"
    );
    // Nobody is cut off for being slow alone.
    let limits = Limits {
        deadline: Duration::from_hours(1),
        connections: ConnectionLimits {
            most,
            head: Duration::from_hours(1),
            answer: Duration::from_hours(1),
        },
        ..Limits::default()
    };
    let world = World::with_limits(limits).await;
    let right = ask(&world).await;
    let before = open_files();

    let mut left_by_first = None;
    for wave in 1..=2 {
        let mut slow = flood(&world, count, async || {
            assert_eq!(ask(&world).await, right);
            assert!(connections(&world).await <= most);
        })
        .await;
        println!("wave {wave}: {count} slow callers, room for {most}");
        assert!(
            open_files() <= before + count + most + OTHER_FILES / 20,
            "{} files",
            open_files()
        );
        // The last ones may stay: nobody needs their places.
        for each in slow.iter_mut().take(count - most) {
            let said = each.heard().await;
            match each.habit {
                Habit::Silent => assert_eq!(said, ""),
                Habit::Head | Habit::Body => assert_problem(&said, 503, "overloaded"),
            }
        }
        drop(slow);
        until("nobody is connected", async || connections(&world).await == 1).await;
        assert!(open_files() <= before + OTHER_FILES / 20, "{} files", open_files());
        let left = resident();
        if let Some(first) = left_by_first.replace(left) {
            assert!(
                left < first + 32 * 1024 * 1024,
                "memory grew from {first} to {left} bytes"
            );
        }
    }
    assert_eq!(ask(&world).await, right);
}

//! A load generator: keep-alive connections, requests at fixed times whatever the answers do, and what they took.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// Status and seconds of every request, from the moment when it was due.
pub struct Outcome {
    pub answers: Vec<(u16, f64)>,
    pub seconds: f64,
}

impl Outcome {
    /// The `share` quantile of the seconds of answers with status 200, in milliseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut seconds: Vec<f64> = self
            .answers
            .iter()
            .filter(|(status, _)| *status == 200)
            .map(|(_, s)| *s)
            .collect();
        seconds.sort_by(f64::total_cmp);
        let place = ((seconds.len() as f64 * share) as usize).min(seconds.len().saturating_sub(1));
        1e3 * seconds.get(place).copied().unwrap_or(f64::NAN)
    }

    /// Answers with `status`.
    pub fn count(&self, status: u16) -> usize {
        self.answers.iter().filter(|(found, _)| *found == status).count()
    }

    /// Requests that were neither answered with 200 nor refused with 503.
    pub fn failed(&self) -> usize {
        self.answers.len() - self.count(200) - self.count(503)
    }
}

/// Idle connections to one address.
#[derive(Clone)]
pub struct Pool {
    address: String,
    token: String,
    idle: Arc<Mutex<Vec<TcpStream>>>,
}

impl Pool {
    /// Connections to `address` that present `token`.
    pub fn new(address: &str, token: &str) -> Self {
        let (address, token) = (address.to_owned(), token.to_owned());
        Self {
            address,
            token,
            idle: Arc::default(),
        }
    }

    /// One request; status and body.
    pub async fn get(&self, path: &str) -> std::io::Result<(u16, String)> {
        loop {
            let idle = self.idle.lock().await.pop();
            let was_idle = idle.is_some();
            let mut stream = match idle {
                Some(stream) => stream,
                None => self.connect().await?,
            };
            match self.ask(&mut stream, path).await {
                Ok(answer) => {
                    self.idle.lock().await.push(stream);
                    return Ok(answer);
                }
                // The server ends connections that were idle for long, and may do so at this moment.
                Err(_) if was_idle => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn ask(&self, stream: &mut TcpStream, path: &str) -> std::io::Result<(u16, String)> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
            self.address, self.token
        );
        stream.write_all(request.as_bytes()).await?;
        read(stream).await
    }
}

/// Reads one answer with a length.
async fn read(stream: &mut TcpStream) -> std::io::Result<(u16, String)> {
    let invalid = || std::io::Error::other("not an answer with a length");
    let (mut read, mut buffer) = (Vec::new(), vec![0; 16_384]);
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        read.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&read);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length: usize = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")?
                    .trim()
                    .parse()
                    .ok()
            })
            .ok_or_else(invalid)?;
        if body.len() >= length {
            let status = head
                .split(' ')
                .nth(1)
                .and_then(|text| text.parse().ok())
                .ok_or_else(invalid)?;
            return Ok((status, body.to_owned()));
        }
    }
}

/// `rate` requests per second for `duration`, each sent when it is due. `path` names the request of a number.
pub async fn open(pool: &Pool, rate: f64, duration: Duration, path: impl Fn(u64) -> String) -> Outcome {
    let (start, mut requests) = (Instant::now(), JoinSet::new());
    let total = (rate * duration.as_secs_f64()) as u64;
    for number in 0..total {
        let due = start + Duration::from_secs_f64(number as f64 / rate);
        tokio::time::sleep_until(due.into()).await;
        let (pool, path) = (pool.clone(), path(number));
        requests.spawn(async move {
            let status = pool.get(&path).await.map_or(0, |(status, _)| status);
            (status, due.elapsed().as_secs_f64())
        });
    }
    let answers = requests.join_all().await;
    Outcome {
        answers,
        seconds: start.elapsed().as_secs_f64(),
    }
}

/// As many requests as `clients` get answered one after the other within `duration`.
pub async fn closed<F>(clients: u64, duration: Duration, request: impl Fn(u64) -> F) -> Outcome
where
    F: Future<Output = u16> + Send + 'static,
{
    let start = Instant::now();
    let next = std::sync::atomic::AtomicU64::new(0);
    let client = async || {
        let mut answers = Vec::new();
        while start.elapsed() < duration {
            let asked = Instant::now();
            let status = request(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)).await;
            answers.push((status, asked.elapsed().as_secs_f64()));
        }
        answers
    };
    let answers = futures_util::future::join_all((0..clients).map(|_| client()))
        .await
        .concat();
    Outcome {
        answers,
        seconds: start.elapsed().as_secs_f64(),
    }
}

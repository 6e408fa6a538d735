//! What may be between Shoal and a database: connection poolers, and addresses of version 6.

use std::sync::Arc;

use secrecy::SecretString;
use shoal::clock::SystemClock;
use shoal::config::DatabaseConfig;
use shoal::peertube::{PeerTube, PeerTubeError};
use shoal::pooling::SessionSettings;
use shoal::store::{Store, StoreError};
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use crate::instance::{Instance, cluster, fresh_name};

/// How a pooler hands out connections to the server.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// Each client has one of its own.
    Session,
    /// All clients share one; each has it for a transaction.
    Transaction,
}

/// A connection to the server, and how the server greeted it.
struct Backend {
    stream: TcpStream,
    greeting: Vec<u8>,
}

type Pool = Arc<Mutex<Option<Backend>>>;

/// A pooler before the test server, with what `PgBouncer` has of the protocol. Returns its port.
async fn pooler(mode: Mode) -> u16 {
    let server = cluster().await.port();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let shared = Pool::default();
        while let Ok((client, _)) = listener.accept().await {
            let pool = match mode {
                Mode::Session => Pool::default(),
                Mode::Transaction => Arc::clone(&shared),
            };
            // A client that leaves ends its task with an error.
            tokio::spawn(async move { serve(client, server, &pool).await });
        }
    });
    port
}

/// One message: its type, and the whole of its bytes.
async fn message(stream: &mut TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    let mut bytes = vec![0; 5];
    stream.read_exact(&mut bytes).await?;
    let length = u32::from_be_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]) as usize;
    bytes.resize(1 + length, 0);
    stream.read_exact(&mut bytes[5..]).await?;
    Ok((bytes[0], bytes))
}

async fn serve(mut client: TcpStream, server: u16, pool: &Pool) -> std::io::Result<()> {
    let mut startup = vec![0; 4];
    client.read_exact(&mut startup).await?;
    let length = u32::from_be_bytes([startup[0], startup[1], startup[2], startup[3]]) as usize;
    startup.resize(length, 0);
    client.read_exact(&mut startup[4..]).await?;
    let texts = String::from_utf8_lossy(&startup[8..]).into_owned();
    let unknown = |name: &&str| ["options", "extra_float_digits", "statement_timeout"].contains(name);
    if texts.split('\0').any(|name| unknown(&name)) {
        let fields = "SFATAL\0C08P01\0Munsupported startup parameter\0\0";
        client.write_all(b"E").await?;
        client.write_all(&(4 + fields.len() as u32).to_be_bytes()).await?;
        return client.write_all(fields.as_bytes()).await;
    }
    {
        let mut pool = pool.lock().await;
        if pool.is_none() {
            *pool = Some(connected(&mut client, server, &startup).await?);
        } else if let Some(backend) = &*pool {
            client.write_all(&backend.greeting).await?;
        }
    }
    loop {
        let mut next = Some(message(&mut client).await?);
        let mut pool = pool.lock().await;
        let Some(backend) = pool.as_mut() else { return Ok(()) };
        // From the first message to the end of the transaction.
        let mut is_idle = false;
        while !is_idle {
            let (kind, bytes) = match next.take() {
                Some(first) => first,
                None => message(&mut client).await?,
            };
            if kind == b'X' {
                return Ok(());
            }
            backend.stream.write_all(&bytes).await?;
            if kind == b'Q' || kind == b'S' {
                loop {
                    let (kind, bytes) = message(&mut backend.stream).await?;
                    client.write_all(&bytes).await?;
                    if kind == b'Z' {
                        is_idle = bytes[5] == b'I';
                        break;
                    }
                }
            }
        }
    }
}

/// Signs in at the server with the client's own answers.
async fn connected(client: &mut TcpStream, server: u16, startup: &[u8]) -> std::io::Result<Backend> {
    let mut stream = TcpStream::connect(("127.0.0.1", server)).await?;
    stream.write_all(startup).await?;
    let mut greeting = Vec::new();
    loop {
        let (kind, bytes) = message(&mut stream).await?;
        client.write_all(&bytes).await?;
        let asks = kind == b'R' && [3, 5, 10, 11].contains(&bytes[8]);
        if asks {
            let (_, answer) = message(client).await?;
            stream.write_all(&answer).await?;
        } else if kind != b'R' || bytes[8] == 0 {
            greeting.extend_from_slice(&bytes);
        }
        if kind == b'Z' {
            return Ok(Backend { stream, greeting });
        }
    }
}

/// `url` of the test server, through `port`.
async fn through(port: u16, url: &str) -> SecretString {
    url.replace(&format!(":{}/", cluster().await.port()), &format!(":{port}/"))
        .into()
}

async fn urls(port: u16, instance: &Instance) -> (SecretString, SecretString) {
    let cluster = cluster().await;
    let peertube = cluster.url_as(&instance.role, &instance.password, &instance.database);
    let name = fresh_name();
    cluster.create_database(&name).await.unwrap();
    (through(port, &peertube).await, through(port, &cluster.url(&name)).await)
}

async fn store(url: SecretString) -> Result<Store, StoreError> {
    let config = DatabaseConfig {
        url,
        max_connections: 2,
    };
    Store::connect(&config, Arc::new(SystemClock)).await
}

#[tokio::test]
async fn a_pooler_in_transaction_mode_is_found_and_what_to_do_is_said() {
    let instance = Instance::start().await;
    let (peertube, own) = urls(pooler(Mode::Transaction).await, &instance).await;
    let refused = PeerTube::connect(&peertube, 2).await.unwrap_err();
    let checked = PeerTube::check(&peertube).await.unwrap_err();
    for error in [refused, checked] {
        assert!(matches!(error, PeerTubeError::TransactionPooling), "{error}");
        assert!(!error.is_transient());
        let said = error.to_string();
        assert!(
            said.contains("pool_mode = session") && said.contains("peertube.database_url"),
            "{said}"
        );
    }
    // Another one, because all clients of this pooler share the first one's database.
    let (_, own_alone) = urls(pooler(Mode::Transaction).await, &instance).await;
    drop(own);
    let error = store(own_alone).await.unwrap_err();
    assert!(matches!(error, StoreError::TransactionPooling), "{error}");
    assert!(!error.is_transient());
    assert!(error.to_string().contains("`database.url`"), "{error}");
}

#[tokio::test]
async fn a_pooler_in_session_mode_is_as_good_as_the_server() {
    let instance = Instance::start().await;
    let (peertube, own) = urls(pooler(Mode::Session).await, &instance).await;
    let peertube = PeerTube::connect(&peertube, 2).await.unwrap();
    assert_eq!(peertube.eligible_users().await.unwrap(), 2);
    let store = store(own).await.unwrap();
    store.migrate().await.unwrap();
    assert!(store.peers().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_literal_of_version_6_is_an_address() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        eprintln!("this machine has no version 6");
        return;
    };
    let instance = Instance::start().await;
    let (port, server) = (listener.local_addr().unwrap().port(), cluster().await.port());
    let forwarding = tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut to = TcpStream::connect(("127.0.0.1", server)).await?;
                copy_bidirectional(&mut from, &mut to).await
            });
        }
    });
    let url = cluster()
        .await
        .url_as(&instance.role, &instance.password, &instance.database);
    let url = url.replace(&format!("127.0.0.1:{server}"), &format!("[::1]:{port}"));
    let peertube = PeerTube::connect(&url.into(), 2).await.unwrap();
    peertube.ping().await.unwrap();
    forwarding.abort();
}

#[tokio::test]
async fn nothing_is_compiled_just_in_time() {
    let mut connection = PgConnection::connect(&cluster().await.admin_url()).await.unwrap();
    let settings = SessionSettings::new([("statement_timeout", "7s".to_owned())]);
    settings.apply(&mut connection).await.unwrap();
    for (name, value) in [("jit", "off"), ("statement_timeout", "7s")] {
        let set: String = sqlx::query_scalar("SELECT current_setting($1)")
            .bind(name)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(set, value);
    }
}

//! A small instance to read from: a database of its own in a server that all tests share, a few accounts, and a way to
//! add rows that names only the columns that matter.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use secrecy::SecretString;
use serde_json::{Map, Value, json};
use shoal::clock::ManualClock;
use shoal::demo::fill::fill;
use shoal::demo::postgres::{Options, ThrowAwayCluster};
use shoal::demo::schema::{Layout, create_schema};
use shoal::demo::world::InstanceWorld;
use shoal::peertube::{PeerTube, read_role_sql};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

static CLUSTER: OnceCell<ThrowAwayCluster> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The present of [`Instance::peertube`]: later than all that tests make.
pub const NOW: &str = "2026-12-01T00:00:00Z";

/// The account and the actor of the instance itself.
pub const INSTANCE: i32 = 1;
/// User, account and actor of somebody here who publishes in [`LOCAL_CHANNEL`].
pub const OWNER: i32 = 2;
/// User, account and actor of somebody here who watches.
pub const VIEWER: i32 = 3;
/// Another server, and the account and actor of somebody there who publishes in [`REMOTE_CHANNEL`].
pub const REMOTE: i32 = 4;
/// Account and actor of the other server itself.
pub const REMOTE_INSTANCE: i32 = 5;
/// A channel here; its actor has the same number.
pub const LOCAL_CHANNEL: i32 = 20;
/// A channel on the other server; its actor has the same number.
pub const REMOTE_CHANNEL: i32 = 40;

/// The server that all tests of this file share. Its guard stops it when the tests end.
pub async fn cluster() -> &'static ThrowAwayCluster {
    CLUSTER
        .get_or_init(|| async { ThrowAwayCluster::start(&Options::default()).await.unwrap() })
        .await
}

/// A name for a database that no other test uses.
pub fn fresh_name() -> String {
    format!("peertube_{}", DATABASES.fetch_add(1, Ordering::SeqCst))
}

/// One instance.
pub struct Instance {
    pub database: String,
    pub role: String,
    pub password: String,
    connection: PgConnection,
}

impl Instance {
    /// The newest layout, with everybody in it, but no video.
    pub async fn start() -> Self {
        Self::with_layout(Layout::V8_2).await
    }

    /// As [`Instance::start`], on another layout.
    pub async fn with_layout(layout: Layout) -> Self {
        let cluster = cluster().await;
        let database = fresh_name();
        cluster.create_database(&database).await.unwrap();
        let connection = PgConnection::connect(&cluster.url(&database)).await.unwrap();
        let role = format!("{database}_reader");
        let mut instance = Self {
            database,
            role,
            password: "pass'word".to_owned(),
            connection,
        };
        create_schema(&mut instance.connection, layout).await.unwrap();
        instance.grant().await;
        instance
            .insert(
                "application",
                json!({ "id": 1, "migrationVersion": layout.migration_version() }),
            )
            .await;
        instance
            .insert("server", json!({ "id": REMOTE, "host": "far.test" }))
            .await;
        instance
            .add_account(INSTANCE, "peertube", json!({ "applicationId": 1 }), None)
            .await;
        instance.add_user(OWNER, json!({})).await;
        instance.add_user(VIEWER, json!({})).await;
        instance.add_account(REMOTE, "somebody", json!({}), Some(REMOTE)).await;
        instance
            .add_account(REMOTE_INSTANCE, "peertube", json!({}), Some(REMOTE))
            .await;
        instance.add_channel(LOCAL_CHANNEL, OWNER, None).await;
        instance.add_channel(REMOTE_CHANNEL, REMOTE, Some(REMOTE)).await;
        instance
    }

    /// A generated instance in the newest layout.
    #[allow(dead_code, reason = "not every program of tests that shares this file needs it")]
    pub async fn generated(world: &InstanceWorld) -> Self {
        let cluster = cluster().await;
        let database = fresh_name();
        cluster.create_database(&database).await.unwrap();
        let mut connection = PgConnection::connect(&cluster.url(&database)).await.unwrap();
        fill(&mut connection, Layout::V8_2, world).await.unwrap();
        let mut instance = Self {
            role: format!("{database}_reader"),
            database,
            password: "pass'word".to_owned(),
            connection,
        };
        instance.grant().await;
        instance
    }

    /// Runs the SQL that admins run.
    pub async fn grant(&mut self) {
        let sql = read_role_sql(&self.role, &self.password);
        self.try_execute(&sql).await.unwrap();
    }

    /// Connection string of the reading role.
    pub async fn url(&self) -> SecretString {
        cluster()
            .await
            .url_as(&self.role, &self.password, &self.database)
            .into()
    }

    /// Connection string of the superuser.
    pub async fn superuser_url(&self) -> SecretString {
        cluster().await.url(&self.database).into()
    }

    /// Connects as the reading role.
    pub async fn peertube(&self) -> PeerTube {
        let peertube = PeerTube::connect(&self.url().await, 2).await.unwrap();
        peertube.with_clock(Arc::new(ManualClock::new(NOW.parse().unwrap())))
    }

    /// Runs statements as superuser.
    pub async fn execute(&mut self, sql: &str) {
        self.try_execute(sql).await.unwrap();
    }

    /// Runs statements as superuser.
    pub async fn try_execute(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut self.connection)
            .await
            .map(|_| ())
    }

    /// Reads as superuser.
    pub async fn read<R>(&mut self, sql: &str) -> Vec<R>
    where
        R: for<'row> sqlx::FromRow<'row, sqlx::postgres::PgRow> + Send + Unpin,
    {
        sqlx::query_as(AssertSqlSafe(sql))
            .fetch_all(&mut self.connection)
            .await
            .unwrap()
    }

    /// Adds a row. Columns that are not given and may not be null get a value that means nothing.
    pub async fn insert(&mut self, table: &str, given: Value) {
        let Value::Object(mut row) = given else {
            panic!("a row is an object")
        };
        self.fill_in(table, &mut row).await;
        let columns: Vec<String> = row.keys().map(|column| format!("\"{column}\"")).collect();
        let columns = columns.join(", ");
        let sql = format!(
            "INSERT INTO \"{table}\" ({columns}) SELECT {columns} FROM jsonb_populate_record(NULL::\"{table}\", $1)"
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(Value::Object(row))
            .execute(&mut self.connection)
            .await
            .unwrap();
    }

    async fn fill_in(&mut self, table: &str, row: &mut Map<String, Value>) {
        let needed: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT column_name::text, udt_name::text, gen_random_uuid()::text FROM information_schema.columns
             WHERE table_schema = 'public' AND table_name = $1 AND is_nullable = 'NO' AND column_default IS NULL",
        )
        .bind(table)
        .fetch_all(&mut self.connection)
        .await
        .unwrap();
        for (column, kind, unique) in needed {
            let value = match kind.as_str() {
                "int4" | "int8" => json!(0),
                "bool" => json!(false),
                "timestamptz" => json!("2026-01-01T00:00:00Z"),
                "enum_user_nsfwPolicy" => json!("display"),
                "enum_actor_type" => json!("Person"),
                "enum_actorFollow_state" => json!("accepted"),
                _ => json!(unique),
            };
            row.entry(column).or_insert(value);
        }
    }

    /// Adds an account with an actor of the same number.
    pub async fn add_account(&mut self, id: i32, name: &str, with: Value, server: Option<i32>) {
        self.insert("account", with_defaults(with, json!({ "id": id, "name": name })))
            .await;
        let host = if server.is_some() { "far.test" } else { "here.test" };
        let actor = json!({
            "id": id, "accountId": id, "serverId": server, "preferredUsername": name,
            "url": format!("https://{host}/accounts/{name}{id}"),
        });
        self.insert("actor", actor).await;
    }

    /// Adds a user with an account and an actor of the same number.
    pub async fn add_user(&mut self, id: i32, settings: Value) {
        self.insert(
            "user",
            with_defaults(settings, json!({ "id": id, "videosHistoryEnabled": true })),
        )
        .await;
        self.add_account(id, &format!("user{id}"), json!({ "userId": id }), None)
            .await;
    }

    /// Adds a channel with an actor of the same number.
    pub async fn add_channel(&mut self, id: i32, account: i32, server: Option<i32>) {
        let name = format!("channel{id}");
        let title = format!("Channel {id}");
        self.insert("videoChannel", json!({ "id": id, "accountId": account, "name": title }))
            .await;
        let host = if server.is_some() { "far.test" } else { "here.test:9000" };
        let actor = json!({
            "id": id, "videoChannelId": id, "serverId": server, "type": "Group", "preferredUsername": name,
            "url": format!("https://{host}/video-channels/{name}"),
        });
        self.insert("actor", actor).await;
    }

    /// Adds a public, published local video.
    pub async fn add_video(&mut self, id: i32, with: Value) {
        let usual = json!({
            "id": id, "name": format!("Video {id}"), "privacy": 1, "state": 1, "duration": 60,
            "channelId": LOCAL_CHANNEL, "url": format!("https://here.test/videos/{id}"),
        });
        self.insert("video", with_defaults(with, usual)).await;
    }

    /// Adds a public, published video of the other server.
    pub async fn add_remote_video(&mut self, id: i32, with: Value) {
        let usual = json!({
            "remote": true, "channelId": REMOTE_CHANNEL, "url": format!("https://far.test/videos/{id}"),
        });
        self.add_video(id, with_defaults(with, usual)).await;
    }

    /// Makes one actor follow another.
    pub async fn follow(&mut self, actor: i32, target: i32, state: &str) {
        self.insert(
            "actorFollow",
            json!({ "actorId": actor, "targetActorId": target, "state": state }),
        )
        .await;
    }

    /// Adds a line to the history.
    pub async fn watch(&mut self, user: i32, video: i32, seconds: i32, at: &str) {
        let row = json!({
            "userId": user, "videoId": video, "currentTime": seconds, "createdAt": "2026-01-02T00:00:00Z", "updatedAt": at,
        });
        self.insert("userVideoHistory", row).await;
    }

    /// Adds a comment.
    pub async fn comment(&mut self, account: i32, video: i32, with: Value) {
        let usual = json!({ "accountId": account, "videoId": video, "text": "Well said" });
        self.insert("videoComment", with_defaults(with, usual)).await;
    }

    /// Adds a like or a dislike.
    pub async fn rate(&mut self, account: i32, video: i32, kind: &str, at: &str) {
        let row = json!({ "accountId": account, "videoId": video, "type": kind, "updatedAt": at });
        self.insert("accountVideoRate", row).await;
    }
}

fn with_defaults(given: Value, defaults: Value) -> Value {
    let (Value::Object(mut given), Value::Object(defaults)) = (given, defaults) else {
        panic!("rows are objects")
    };
    for (column, value) in defaults {
        given.entry(column).or_insert(value);
    }
    Value::Object(given)
}

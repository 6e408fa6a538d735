//! A count of releases beside the database, by which a restored older ledger is noticed.
//!
//! The ledger lives in a database, and databases are restored from back-ups. A ledger from before the newest release
//! would allow to spend the same budget, and to send the same watches, again. So a small file elsewhere counts along.
//!
//! # Why every crash is safe
//!
//! A release takes four steps, under a lock that the system takes back when the process dies:
//!
//! 1. [`Locked::begin`] writes into the file that a release with this digest and price is under way;
//! 2. the transaction of the ledger commits the debit, the payload and its announcement;
//! 3. [`Locked::finish`] writes the new count;
//! 4. only then does this process deliver anything. (Another one that shares the database may be quicker; it delivers
//!    what step 2 debited.)
//!
//! Each write goes to a new file, which is synced, renamed over the old one, and made durable by syncing the folder: a
//! crash leaves the old content or the new one. [`Locked::verify`], at the start and before every release, compares:
//!
//! | crash | file | ledger | what follows |
//! |---|---|---|---|
//! | before 1 | n | n | nothing happened |
//! | between 1 and 2 | n, one under way | n | the one under way is debited without having been sent: budget is wasted, not spent twice |
//! | between 2 and 3 | n, one under way | n + 1, with that digest | the count is completed |
//! | after 3 | n + 1 | n + 1 | nothing to do |
//!
//! A crash while a comparison mends, or while a restore is confirmed, leaves the correction in the ledger and the older file,
//! which the next comparison brings up to date: a correction names its payload and is made once.
//!
//! In the second line the ledger may also have been restored after the release left, so it must be debited. A ledger with
//! fewer releases than the file has counted was restored or lost: nothing is released until the administrator runs
//! `shoal ledger confirm-restore`, which debits what is missing. A file with fewer than the ledger is itself a restored
//! one, and is brought up to date. What this cannot notice is a back-up of both, restored together.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::TrainingError;
use super::ledger_problem::LedgerProblem;
use crate::failpoints;
use crate::store::{Correction, CorrectionReason, LedgerTotals, NewRelease, Store};

/// The contents of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Contents {
    /// Whose releases are counted.
    actor: String,
    /// Releases so far.
    releases: i64,
    /// The most that one of them cost, as the mu of Gaussian differential privacy.
    largest_mu: f64,
    /// Basis of the newest, and up to when it counted watches.
    counted: Option<(Digest, DateTime<Utc>)>,
    /// The release that is under way.
    under_way: Option<UnderWay>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UnderWay {
    payload_sha256: Digest,
    gdp_mu: f64,
    counted: Option<(Digest, DateTime<Utc>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Digest(#[serde(with = "hex::serde")] [u8; 32]);

/// What was debited by [`Locked::confirm_restore`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Confirmed {
    /// Releases that were missing.
    pub releases: i64,
    /// The mu at which each was debited.
    pub gdp_mu: f64,
}

/// The file of one sidecar.
#[derive(Debug, Clone)]
pub struct ReleaseCounter {
    path: PathBuf,
    actor: String,
}

/// File and ledger, compared, when nothing is wrong.
struct Comparison {
    /// What the file says; `None`: there is none yet.
    file: Option<Contents>,
    /// What it should say.
    should_be: Contents,
    /// A release that was begun and is not in the ledger. It must be debited there, and [`Self::should_be`] counts it.
    cut_short: Option<UnderWay>,
    /// What the ledger says.
    ledger: LedgerTotals,
}

/// The counter while no other process can change it.
pub struct Locked {
    counter: ReleaseCounter,
    _lock: File,
}

impl ReleaseCounter {
    /// The counter of the sidecar with the address `actor`, kept in the file `path`.
    pub fn new(path: &Path, actor: &str) -> Self {
        Self {
            path: path.to_owned(),
            actor: actor.to_owned(),
        }
    }

    /// Waits until no other process releases.
    ///
    /// # Errors
    /// [`LedgerProblem::CounterUnusable`] when there is no place for the file.
    pub async fn lock(&self) -> Result<Locked, LedgerProblem> {
        let path = self.beside("lock");
        let unusable = |reason: String| self.unusable(&format!("cannot be locked ({reason})"));
        let lock = blocking(move || {
            let lock = File::options().create(true).append(true).open(path)?;
            lock.lock()?;
            Ok(lock)
        })
        .await
        .map_err(unusable)?;
        Ok(Locked {
            counter: self.clone(),
            _lock: lock,
        })
    }

    /// What [`Locked::verify`] would find, but waits for nobody and mends nothing: for telling, not for releasing.
    ///
    /// # Errors
    /// [`TrainingError::Store`] when the ledger cannot be read.
    pub async fn inspect(&self, store: &Store) -> Result<Option<LedgerProblem>, TrainingError> {
        let path = self.beside("lock");
        let writable = blocking(move || File::options().create(true).append(true).open(path).map(|_| ()));
        if let Err(reason) = writable.await {
            return Ok(Some(self.unusable(&format!("cannot be locked ({reason})"))));
        }
        Ok(self.compare(store).await?.err())
    }

    /// Compares file and ledger. Changes nothing.
    async fn compare(&self, store: &Store) -> Result<Result<Comparison, LedgerProblem>, TrainingError> {
        let file = match self.read().await {
            Ok(file) => file,
            Err(problem) => return Ok(Err(problem)),
        };
        // In this order, so that a release that another process makes in between is never missed, only seen early.
        let under_way = file.as_ref().and_then(|contents| contents.under_way.clone());
        let debited = match &under_way {
            Some(under_way) => store.is_debited(under_way.payload_sha256.0).await?,
            None => false,
        };
        let ledger = store.ledger_totals().await?;
        let Some(mut contents) = file.clone() else {
            return Ok(if ledger.has_counter {
                Err(LedgerProblem::CounterMissing { path: self.shown() })
            } else {
                // The first start, or the first one with a version that counts.
                Ok(Comparison {
                    file,
                    should_be: self.as_in(&ledger),
                    cut_short: None,
                    ledger,
                })
            });
        };
        if debited {
            contents.settle();
        }
        if ledger.releases < contents.releases {
            return Ok(Err(LedgerProblem::Restored {
                ledger: ledger.releases,
                counted: contents.releases + i64::from(contents.under_way.is_some()),
            }));
        }
        // The ledger does not have the watches of one that was cut short: the next release counts them.
        let cut_short = contents.under_way.take();
        contents.releases = ledger.releases + i64::from(cut_short.is_some());
        contents.largest_mu = contents.largest_mu.max(ledger.largest_mu);
        Ok(Ok(Comparison {
            file,
            should_be: contents,
            cut_short,
            ledger,
        }))
    }

    fn as_in(&self, ledger: &LedgerTotals) -> Contents {
        Contents {
            actor: self.actor.clone(),
            releases: ledger.releases,
            largest_mu: ledger.largest_mu,
            counted: None,
            under_way: None,
        }
    }

    /// The file with this appended to its name.
    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(suffix);
        name.into()
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }

    fn unusable(&self, reason: &str) -> LedgerProblem {
        LedgerProblem::CounterUnusable {
            path: self.shown(),
            reason: reason.to_owned(),
        }
    }

    async fn read(&self) -> Result<Option<Contents>, LedgerProblem> {
        let path = self.path.clone();
        let text = blocking(move || match fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
        .map_err(|reason| self.unusable(&format!("cannot be read ({reason})")))?;
        let Some(text) = text else { return Ok(None) };
        let contents: Contents =
            serde_json::from_str(&text).map_err(|error| self.unusable(&format!("is damaged ({error})")))?;
        if contents.actor != self.actor {
            return Err(LedgerProblem::CounterOfAnother {
                path: self.shown(),
                actor: contents.actor,
            });
        }
        Ok(Some(contents))
    }

    /// Replaces the file; durable when this returns.
    async fn write(&self, contents: &Contents) -> Result<(), LedgerProblem> {
        let (path, new) = (self.path.clone(), self.beside("new"));
        let mut text = serde_json::to_string_pretty(contents)
            .map_err(|error| self.unusable(&format!("cannot be written ({error})")))?;
        text.push('\n');
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        blocking(move || {
            let mut file = File::create(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            failpoints::reach("counter-prepared");
            fs::rename(&new, &path)?;
            failpoints::reach("counter-renamed");
            File::open(folder)?.sync_all()
        })
        .await
        .map_err(|reason| self.unusable(&format!("cannot be written ({reason})")))
    }
}

impl Locked {
    /// Compares file and ledger, and mends what a crash left. `Some` says why nothing may be released.
    ///
    /// # Errors
    /// [`TrainingError::Store`] when the ledger cannot be read or written.
    pub async fn verify(&self, store: &Store) -> Result<Option<LedgerProblem>, TrainingError> {
        let found = match self.counter.compare(store).await? {
            Ok(found) => found,
            Err(problem) => return Ok(Some(problem)),
        };
        if let Some(under_way) = found.cut_short {
            tracing::warn!(
                "a release was cut short before the ledger had it; its budget counts as spent, because nobody can tell \
                 how far it came"
            );
            let correction = Correction {
                reason: CorrectionReason::Unfinished,
                releases: 1,
                gdp_mu: under_way.gdp_mu,
                payload_sha256: Some(under_way.payload_sha256.0),
                counted: None,
            };
            store.correct_ledger(correction).await?;
            failpoints::reach("ledger-corrected");
        }
        if found.file.as_ref() != Some(&found.should_be)
            && let Err(problem) = self.counter.write(&found.should_be).await
        {
            return Ok(Some(problem));
        }
        if !found.ledger.has_counter {
            store.note_counter().await?;
        }
        Ok(None)
    }

    /// Writes down that `release` is about to be debited. [`Locked::verify`] must have found nothing.
    ///
    /// # Errors
    /// [`LedgerProblem::CounterUnusable`]: then nothing may be released.
    pub async fn begin(&self, release: &NewRelease) -> Result<(), LedgerProblem> {
        let mut contents = self.contents().await?;
        contents.under_way = Some(UnderWay {
            payload_sha256: Digest(release.payload_sha256()),
            gdp_mu: release.gdp_mu,
            counted: release.counted.map(|counted| (Digest(release.basis_id), counted.until)),
        });
        self.counter.write(&contents).await?;
        failpoints::reach("counter-begun");
        Ok(())
    }

    /// Counts the release that was begun; it is in the ledger now.
    ///
    /// # Errors
    /// [`LedgerProblem::CounterUnusable`]; the next [`Locked::verify`] counts it.
    pub async fn finish(&self) -> Result<(), LedgerProblem> {
        let mut contents = self.contents().await?;
        contents.settle();
        self.counter.write(&contents).await?;
        failpoints::reach("counter-finished");
        Ok(())
    }

    /// Forgets the release that was begun; the ledger has certainly refused it.
    ///
    /// # Errors
    /// [`LedgerProblem::CounterUnusable`]; the next [`Locked::verify`] debits it.
    pub async fn cancel(&self) -> Result<(), LedgerProblem> {
        let mut contents = self.contents().await?;
        contents.under_way = None;
        self.counter.write(&contents).await
    }

    /// Debits every release that the ledger lacks by the file's count, and at least `missing`, each at the cost of the
    /// dearest release that is known or of `release_mu`. `None`: file and ledger agree, and there is nothing to confirm.
    ///
    /// # Errors
    /// [`LedgerProblem`] in [`TrainingError::Ledger`] when the file is gone or damaged and `missing` is not given, or
    /// belongs to another sidecar; [`TrainingError::Store`] when the ledger cannot be written.
    pub async fn confirm_restore(
        &self,
        store: &Store,
        missing: Option<u32>,
        release_mu: f64,
    ) -> Result<Option<Confirmed>, TrainingError> {
        let Some(problem) = self.verify(store).await? else {
            return Ok(None);
        };
        let ledger = store.ledger_totals().await?;
        let mut contents = match (self.counter.read().await, missing) {
            (Ok(Some(contents)), _) => contents,
            (Ok(None) | Err(LedgerProblem::CounterUnusable { .. }), Some(_)) => self.counter.as_in(&ledger),
            _ => return Err(problem.into()),
        };
        let payload_sha256 = match &contents.under_way {
            Some(under_way) if !store.is_debited(under_way.payload_sha256.0).await? => Some(under_way.payload_sha256.0),
            _ => None,
        };
        contents.settle();
        let releases = (contents.releases - ledger.releases).max(i64::from(missing.unwrap_or(0)));
        let gdp_mu = release_mu.max(contents.largest_mu).max(ledger.largest_mu);
        let correction = Correction {
            reason: CorrectionReason::Restored,
            releases,
            gdp_mu,
            payload_sha256,
            counted: contents.counted.map(|(basis, until)| (basis.0, until)),
        };
        store.correct_ledger(correction).await?;
        failpoints::reach("ledger-corrected");
        contents.releases = ledger.releases + releases;
        contents.largest_mu = gdp_mu;
        self.counter.write(&contents).await?;
        Ok(Some(Confirmed { releases, gdp_mu }))
    }

    async fn contents(&self) -> Result<Contents, LedgerProblem> {
        self.counter.read().await?.ok_or_else(|| LedgerProblem::CounterMissing {
            path: self.counter.shown(),
        })
    }
}

impl Contents {
    /// Counts the release that is under way, if there is one.
    fn settle(&mut self) {
        if let Some(under_way) = self.under_way.take() {
            self.releases += 1;
            self.largest_mu = self.largest_mu.max(under_way.gdp_mu);
            self.counted = under_way.counted.or(self.counted);
        }
    }
}

/// File work beside the tasks that serve; failures as text.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

//! `shoal recommend`: recommendations on the command line, through the same code as the REST interface.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;

use super::{ConfigArguments, output};
use crate::clock::SystemClock;
use crate::peertube::{UserId, VideoReference};
use crate::recommend::service::Settings;
use crate::recommend::{Recommendations, Request, Strategy};
use crate::sidecar::{Sidecar, system_noise};

/// Arguments of `shoal recommend`.
#[derive(Debug, clap::Args)]
pub struct RecommendArguments {
    #[command(flatten)]
    config: ConfigArguments,
    /// Number of the user in PeerTube; without it, an anonymous visitor asks.
    #[arg(long)]
    user: Option<i32>,
    /// for-you, similar, next, popular, recent, subscriptions or explore.
    #[arg(long, default_value = "for-you")]
    strategy: String,
    /// Id, UUID or short UUID of a video; needed by `similar` and `next`.
    #[arg(long)]
    video: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 10)]
    count: usize,
    /// Print the JSON document of the REST interface.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// When an argument is not usable or a database does not answer.
pub async fn run(arguments: RecommendArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.load()?;
    let strategy: Strategy = arguments.strategy.parse().context("--strategy")?;
    let video = arguments
        .video
        .as_deref()
        .map(VideoReference::parse)
        .transpose()
        .context("--video")?;
    let sidecar = Sidecar::connect(Arc::clone(&config), Arc::new(SystemClock), system_noise()).await?;
    let settings = Settings::from_config(&config);
    let recommendations = Recommendations::new(
        sidecar.peertube.clone(),
        sidecar.store.clone(),
        Arc::clone(&sidecar.snapshot),
        settings,
        Arc::new(SystemClock),
    );
    let request = Request {
        user: arguments.user.map(UserId),
        strategy,
        video,
        count: arguments.count,
        ..Request::default()
    };
    let page = recommendations.for_request(&request).await?;
    sidecar.close().await;
    if arguments.json {
        output::json(&page)?;
    } else {
        if page.data.is_empty() {
            output::line("nothing to recommend: the catalogue has no video that this caller may see and has not seen");
        }
        if let Some(fallback) = page.fallback.filter(|_| !page.data.is_empty()) {
            output::line(&format!(
                "nothing of the list \u{201c}{strategy}\u{201d}: {}",
                fallback.in_words()
            ));
        }
        for entry in &page.data {
            output::line(&format!("{}  {}", entry.video.name, entry.video.url));
            output::line(&format!("    {}", entry.recommendation.in_words()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

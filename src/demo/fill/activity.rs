//! The rows of what people did: history, ratings, comments, view counts.

use chrono::TimeDelta;

use super::copy::Rows;
use crate::demo::schema::Layout;
use crate::demo::world::InstanceWorld;

/// The tables; all refer to earlier ones.
pub(super) fn tables(world: &InstanceWorld, layout: Layout) -> Vec<Rows> {
    vec![
        history(world),
        rates(world),
        comments(world),
        view_counts(world, layout),
    ]
}

fn history(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new(
        "userVideoHistory",
        &["id currentTime videoId userId createdAt updatedAt"],
    );
    for row in &world.history {
        let position = &row.current_time;
        rows.add(&[
            &row.id,
            position,
            &row.video_id,
            &row.user_id,
            &row.created_at,
            &row.updated_at,
        ]);
    }
    rows
}

fn rates(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new("accountVideoRate", &["type url videoId accountId createdAt updatedAt"]);
    for rate in &world.rates {
        let kind = if rate.like { "like" } else { "dislike" };
        rows.add(&[
            &kind,
            &rate.url,
            &rate.video_id,
            &rate.account_id,
            &rate.created_at,
            &rate.created_at,
        ]);
    }
    rows
}

fn comments(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new(
        "videoComment",
        &["id url text heldForReview videoId accountId createdAt updatedAt"],
    );
    for comment in &world.comments {
        let time = &comment.created_at;
        rows.add(&[
            &comment.id,
            &comment.url,
            &comment.text,
            &false,
            &comment.video_id,
            &comment.account_id,
            time,
            time,
        ]);
    }
    rows
}

fn view_counts(world: &InstanceWorld, layout: Layout) -> Rows {
    let newest = layout == Layout::V8_2;
    let mut columns = vec!["startDate endDate views videoId createdAt"];
    if newest {
        columns.push("downloads");
    }
    let mut rows = Rows::new(if newest { "videoStat" } else { "videoView" }, &columns);
    for count in &world.view_counts {
        let end = count.start + TimeDelta::hours(1);
        if newest {
            rows.add(&[&count.start, &end, &count.views, &count.video_id, &end, &0]);
        } else {
            rows.add(&[&count.start, &end, &count.views, &count.video_id, &end]);
        }
    }
    rows
}

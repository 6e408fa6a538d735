//! The rows of what there is to watch, and of what shows it: videos, tags, thumbnails, announces, playlists.

use super::copy::{Field, Rows};
use crate::demo::schema::Layout;
use crate::demo::world::InstanceWorld;

/// Width and height of the thumbnails of a video; 8.0 calls the first a miniature and the second a preview.
const THUMBNAIL_SIZES: [(i32, i32); 2] = [(280, 157), (850, 480)];

/// The tables, each after those that it refers to.
pub(super) fn tables(world: &InstanceWorld, layout: Layout) -> Vec<Rows> {
    let mut tables = vec![
        tags(world),
        videos(world, layout),
        video_tags(world),
        thumbnails(world, layout),
    ];
    tables.extend([
        shares(world),
        blacklist(world),
        playlists(world),
        playlist_elements(world),
    ]);
    tables
}

fn tags(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new("tag", &["id name"]);
    for (id, name) in &world.tags {
        rows.add(&[id, name]);
    }
    rows
}

fn videos(world: &InstanceWorld, layout: Layout) -> Rows {
    let mut columns = vec![
        "id uuid name category language privacy nsfw nsfwFlags description duration views likes dislikes comments",
        "remote isLive url commentsPolicy downloadEnabled waitTranscoding state aspectRatio publishedAt channelId",
        "createdAt updatedAt",
    ];
    if layout != Layout::V8_0 {
        columns.push("embedPrivacyPolicy");
    }
    if layout == Layout::V8_2 {
        columns.push("downloads firstPublishedAt");
    }
    let mut rows = Rows::new("video", &columns);
    for video in &world.videos {
        let flags = i32::from(video.nsfw);
        let downloads = video.views / 50;
        let mut fields: Vec<&dyn Field> = vec![
            &video.id,
            &video.uuid,
            &video.name,
            &video.category,
            &video.language,
            &video.privacy,
            &video.nsfw,
            &flags,
            &video.description,
            &video.duration,
            &video.views,
            &video.likes,
            &video.dislikes,
            &video.comments,
            &video.remote,
            &video.live,
            &video.url,
            &1,
            &true,
            &video.wait_transcoding,
            &video.state,
            &(16.0 / 9.0),
            &video.published_at,
            &video.channel_id,
            &video.published_at,
            &world.now,
        ];
        if layout != Layout::V8_0 {
            fields.push(&1);
        }
        if layout == Layout::V8_2 {
            fields.extend([&downloads as &dyn Field, &video.published_at]);
        }
        rows.add(&fields);
    }
    rows
}

fn video_tags(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new("videoTag", &["videoId tagId createdAt updatedAt"]);
    for video in &world.videos {
        for tag in &video.tag_ids {
            rows.add(&[&video.id, tag, &video.published_at, &video.published_at]);
        }
    }
    rows
}

fn thumbnails(world: &InstanceWorld, layout: Layout) -> Rows {
    let old = layout == Layout::V8_0;
    let kind = if old { "type onDisk" } else { "aspectRatio cached" };
    let columns = [
        "filename width height fileUrl automaticallyGenerated videoId createdAt updatedAt",
        kind,
    ];
    let mut rows = Rows::new("thumbnail", &columns);
    for video in &world.videos {
        // The file lies on the host where the video was made.
        let origin = video.url.split("/videos/").next().unwrap_or_default();
        for (number, (width, height)) in (1..).zip(THUMBNAIL_SIZES) {
            let filename = format!("{}-{width}.jpg", video.uuid);
            let remote = video
                .remote
                .then(|| format!("{origin}/lazy-static/thumbnails/{filename}"));
            let local = !video.remote;
            let kind: [&dyn Field; 2] = if old { [&number, &local] } else { [&"16:9", &false] };
            rows.add(&[
                &filename,
                &width,
                &height,
                &remote,
                &true,
                &video.id,
                &video.published_at,
                &video.published_at,
                kind[0],
                kind[1],
            ]);
        }
    }
    rows
}

fn shares(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new("videoShare", &["url actorId videoId createdAt updatedAt"]);
    for share in &world.shares {
        rows.add(&[&share.url, &share.actor_id, &share.video_id, &world.now, &world.now]);
    }
    rows
}

fn blacklist(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new(
        "videoBlacklist",
        &["reason unfederated type videoId createdAt updatedAt"],
    );
    for video in &world.blacklisted {
        rows.add(&[&"Against our rules", &false, &1, video, &world.now, &world.now]);
    }
    rows
}

fn playlists(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new(
        "videoPlaylist",
        &["id name privacy url uuid type ownerAccountId createdAt updatedAt"],
    );
    for list in &world.playlists {
        let url = playlist_url(world, list.uuid);
        let fields: [&dyn Field; 7] = [
            &list.id,
            &list.name,
            &list.privacy,
            &url,
            &list.uuid,
            &list.kind,
            &list.account_id,
        ];
        rows.add(&[fields.as_slice(), &[&world.now, &world.now]].concat());
    }
    rows
}

fn playlist_url(world: &InstanceWorld, uuid: uuid::Uuid) -> String {
    format!("https://{}/video-playlists/{uuid}", world.host)
}

fn playlist_elements(world: &InstanceWorld) -> Rows {
    let mut rows = Rows::new(
        "videoPlaylistElement",
        &["url position videoPlaylistId videoId createdAt updatedAt"],
    );
    for list in &world.playlists {
        for (position, video) in (1..).zip(&list.video_ids) {
            let url = format!("{}/videos/{video}", playlist_url(world, list.uuid));
            rows.add(&[&url, &position, &list.id, video, &world.now, &world.now]);
        }
    }
    rows
}

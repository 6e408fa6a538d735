//! Names of accounts and channels, which an actor on the same host must not have.

use serde_json::json;
use shoal::demo::schema::Layout;

use crate::instance::{Instance, REMOTE};

#[tokio::test]
async fn local_names_are_found_in_any_case_on_every_layout() {
    for layout in Layout::ALL {
        let mut instance = Instance::with_layout(layout).await;
        instance.add_account(60, "shoal", json!({}), None).await;
        instance.add_account(61, "far_away", json!({}), Some(REMOTE)).await;
        let peertube = instance.peertube().await;
        for (name, here) in [("shoal", true), ("Shoal", true), ("far_away", false), ("nobody", false)] {
            assert_eq!(peertube.has_local_actor(name).await.unwrap(), here, "{name}");
        }
    }
}

//! A peer refused our follow, or takes its acceptance back: its evidence is deleted.

use crate::federation::FederationError;
use crate::federation::protocol::Reject;
use crate::federation::state::State;
use crate::store::Reception;

use super::{check_own_follow, received};

impl Reject {
    pub(super) async fn receive(self, state: &State) -> Result<Reception, FederationError> {
        check_own_follow(state, &self.object, &self.actor)?;
        let received = received(&self.id, &self.actor, "Reject");
        Ok(state.store.receive_reject(received, self.object.id().as_str()).await?)
    }
}

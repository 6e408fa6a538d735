//! A peer accepted our follow: its evidence is welcome from now on.

use crate::federation::FederationError;
use crate::federation::protocol::Accept;
use crate::federation::state::State;
use crate::store::Reception;

use super::{check_own_follow, received};

impl Accept {
    pub(super) async fn receive(self, state: &State) -> Result<Reception, FederationError> {
        check_own_follow(state, &self.object, &self.actor)?;
        let received = received(&self.id, &self.actor, "Accept");
        Ok(state.store.receive_accept(received, self.object.id().as_str()).await?)
    }
}

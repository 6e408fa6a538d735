//! Places of connections, in the order in which the server began to wait for their callers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// All places of one listener.
#[derive(Debug, Default)]
pub struct Places(Mutex<Order>);

#[derive(Debug, Default)]
struct Order {
    next: u64,
    waiting: BTreeMap<u64, Arc<Notify>>,
}

/// The place of one connection. Dropped, it is free.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    /// When waiting began, as a number in the order of all.
    number: AtomicU64,
    /// Whether the caller waits for the server.
    working: AtomicBool,
    /// Woken when the connection should make room.
    leave: Arc<Notify>,
    /// Whether a request has begun to arrive that is not complete.
    heard: AtomicBool,
}

impl Places {
    /// A place for a new connection: the server waits for its first request.
    pub fn take(self: &Arc<Self>) -> Place {
        let place = Place {
            places: Arc::clone(self),
            number: AtomicU64::new(0),
            working: AtomicBool::new(false),
            leave: Arc::default(),
            heard: AtomicBool::new(false),
        };
        place.wait_for_next();
        place
    }

    /// Asks whoever has kept the server waiting longest to leave. False when the server waits for nobody.
    pub fn make_room(&self) -> bool {
        let oldest = self.order().waiting.pop_first();
        oldest.inspect(|(_, leave)| leave.notify_one()).is_some()
    }

    fn order(&self) -> MutexGuard<'_, Order> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The server waits for a new request: this place is the last to make room.
    pub fn wait_for_next(&self) {
        self.heard.store(false, Ordering::Relaxed);
        self.working.store(false, Ordering::Relaxed);
        let mut order = self.places.order();
        order.waiting.remove(&self.number.load(Ordering::Relaxed));
        order.next += 1;
        self.number.store(order.next, Ordering::Relaxed);
        let number = order.next;
        order.waiting.insert(number, Arc::clone(&self.leave));
    }

    /// The server waits for more of the same request, which does not make the caller any quicker than before.
    pub fn wait_for_more(&self) {
        self.hear();
        self.working.store(false, Ordering::Relaxed);
        let number = self.number.load(Ordering::Relaxed);
        self.places.order().waiting.insert(number, Arc::clone(&self.leave));
    }

    /// The caller waits for the server.
    pub fn work(&self) {
        self.heard.store(false, Ordering::Relaxed);
        self.working.store(true, Ordering::Relaxed);
        self.places.order().waiting.remove(&self.number.load(Ordering::Relaxed));
    }

    /// Whether the caller waits for the server.
    pub fn works(&self) -> bool {
        self.working.load(Ordering::Relaxed)
    }

    /// Something of the next request arrived.
    pub fn hear(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// Whether a request has begun to arrive that is not complete.
    pub fn heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// Ends when the connection should make room.
    pub async fn asked_to_leave(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.work();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn must_leave(place: &Place) -> bool {
        place.asked_to_leave().now_or_never().is_some()
    }

    #[test]
    fn whoever_keeps_the_server_waiting_longest_makes_room() {
        let places = Arc::new(Places::default());
        let (first, second, third) = (places.take(), places.take(), places.take());
        first.work();
        first.wait_for_next();
        second.work();
        second.wait_for_more();
        assert!(places.make_room());
        assert!(must_leave(&second), "more of the same request is no new beginning");
        assert!(places.make_room());
        assert!(must_leave(&third));
        assert!(places.make_room());
        assert!(must_leave(&first));
        assert!(!places.make_room(), "everybody was asked");
    }

    #[test]
    fn nobody_who_waits_for_the_server_makes_room() {
        let places = Arc::new(Places::default());
        let place = places.take();
        place.work();
        assert!(!places.make_room());
        assert!(place.works());
        place.wait_for_next();
        drop(place);
        assert!(!places.make_room(), "a place that was left is free");
    }

    #[test]
    fn only_an_incomplete_request_counts_as_heard() {
        let place = Arc::new(Places::default()).take();
        assert!(!place.heard());
        place.hear();
        assert!(place.heard());
        place.work();
        assert!(!place.heard());
        place.wait_for_more();
        assert!(place.heard(), "it has a body that is not complete");
        place.wait_for_next();
        assert!(!place.heard());
    }
}

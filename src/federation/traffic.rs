//! Bytes of activities and payloads, sent and received.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes since this process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Traffic {
    /// Activities delivered and payloads served.
    pub bytes_sent: u64,
    /// Activities taken and payloads fetched.
    pub bytes_received: u64,
}

/// Counts the traffic, for [`Traffic`] and for the metric `shoal_federation_bytes_total{direction}`.
#[derive(Debug, Default)]
pub struct TrafficCounter {
    sent: AtomicU64,
    received: AtomicU64,
}

impl TrafficCounter {
    /// `bytes` left this sidecar.
    pub fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        metrics::counter!("shoal_federation_bytes_total", "direction" => "sent").increment(bytes as u64);
    }

    /// `bytes` came in.
    pub fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
        metrics::counter!("shoal_federation_bytes_total", "direction" => "received").increment(bytes as u64);
    }

    /// The sums so far.
    pub fn total(&self) -> Traffic {
        Traffic {
            bytes_sent: self.sent.load(Ordering::Relaxed),
            bytes_received: self.received.load(Ordering::Relaxed),
        }
    }
}

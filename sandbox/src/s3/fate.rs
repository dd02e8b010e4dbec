//! What a fault has in store for the answer to an S3 call.
//!
//! The faults are looked up inside the S3 service, where the operation and the key are
//! known, and carried out by the front door, which holds the connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared between the front door and the S3 service for one request.
#[derive(Debug, Clone, Default)]
pub struct Fate {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    cut: AtomicBool,
    body_cut: AtomicBool,
    xml_broken: AtomicBool,
}

impl Fate {
    /// The connection is to be closed without an answer.
    pub fn cut(&self) {
        self.inner.cut.store(true, Ordering::Relaxed);
    }

    /// The connection is to be closed in the middle of the answer.
    pub fn cut_body(&self) {
        self.inner.body_cut.store(true, Ordering::Relaxed);
    }

    /// Only the first half of the XML is to be sent.
    pub fn break_xml(&self) {
        self.inner.xml_broken.store(true, Ordering::Relaxed);
    }

    /// Whether `cut` was called.
    pub fn is_cut(&self) -> bool {
        self.inner.cut.load(Ordering::Relaxed)
    }

    /// Whether `cut_body` was called.
    pub fn is_body_cut(&self) -> bool {
        self.inner.body_cut.load(Ordering::Relaxed)
    }

    /// Whether `break_xml` was called.
    pub fn is_xml_broken(&self) -> bool {
        self.inner.xml_broken.load(Ordering::Relaxed)
    }
}

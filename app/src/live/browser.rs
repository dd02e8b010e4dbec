//! Listens to the server's events by the browser's `EventSource`.

use leptos::web_sys::EventSource;
use wasm_bindgen::prelude::*;

type Handler = Closure<dyn FnMut()>;

/// A connection, for as long as it is kept.
pub(super) struct Line {
    source: EventSource,
    _handlers: [Handler; 3],
}

impl Line {
    /// Listens at `address`. `None` where the browser cannot.
    ///
    /// `opened` is called when the connection stands, for the first time or
    /// again; `changed` for each event; `failed` when it is cut, with whether
    /// the server refused, after which the browser does not try again.
    pub(super) fn open(
        address: &str,
        opened: impl Fn() + 'static,
        changed: impl Fn() + 'static,
        failed: impl Fn(bool) + 'static,
    ) -> Option<Self> {
        let source = EventSource::new(address).ok()?;
        let opened = Handler::new(opened);
        let changed = Handler::new(changed);
        let failed = {
            let source = source.clone();
            Handler::new(move || failed(source.ready_state() == EventSource::CLOSED))
        };
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onmessage(Some(changed.as_ref().unchecked_ref()));
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        Some(Self {
            source,
            _handlers: [opened, changed, failed],
        })
    }

    /// Hangs up. Nothing is heard after.
    pub(super) fn close(&self) {
        self.source.set_onopen(None);
        self.source.set_onmessage(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}

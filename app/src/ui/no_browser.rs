//! What only a browser can do, where there is none: nothing. Effects do not
//! run on the server, so none of this is ever called there.

use super::chart::Drawing;

pub(super) fn can_copy() -> bool {
    false
}

pub(super) fn copy(_text: String, _done: impl Fn(bool) + 'static) {}

pub(super) fn local_time(_at_ms: i64) -> Option<String> {
    None
}

/// The chart that is drawn, for as long as its element is there.
#[derive(Clone)]
pub(super) struct Canvas;

impl Canvas {
    pub(super) fn open(_id: &str, _ready: impl Fn(Self) + 'static) {}

    pub(super) fn draw(&self, _drawing: &Drawing) {}

    pub(super) fn close(&self) {}
}

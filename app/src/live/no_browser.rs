//! Where there is no browser, nobody listens. Effects do not run on the
//! server, so none of this is ever called there.

/// A connection that nothing comes from.
pub(super) struct Line;

impl Line {
    pub(super) fn open(
        _address: &str,
        _opened: impl Fn() + 'static,
        _changed: impl Fn() + 'static,
        _failed: impl Fn(bool) + 'static,
    ) -> Option<Self> {
        None
    }

    pub(super) fn close(&self) {}
}

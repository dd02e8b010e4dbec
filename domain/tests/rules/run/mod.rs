//! The fold of a Run.

mod abort;
mod agreement;
mod order;
mod preflight;
mod story;

//! The judge: each verdict, and what must not be taken for it.

mod case;
mod common;
mod headroom;
mod table;

//! The judge: each verdict, and what must not be taken for it.

mod case;
mod headroom;
mod table;
mod together;

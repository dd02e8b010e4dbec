//! IAM: roles, their policies, and what they may do.

mod policy;

pub use policy::{Decision, Policies, Policy, PolicyError, Role};

//! Whether the state of one version can be loaded.

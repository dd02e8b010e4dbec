//! What Sluice knows: pure values and functions.

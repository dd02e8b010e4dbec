//! What Spark makes of bytes, to the exact error.

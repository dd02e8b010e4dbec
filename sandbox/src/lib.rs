//! A local AWS, Kafka and identity provider.

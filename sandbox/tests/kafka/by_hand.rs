//! Bytes that no client would send, and some that an old one would.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::cluster::Cluster;

const FETCH: i16 = 1;
const LIST_OFFSETS: i16 = 2;
const METADATA: i16 = 3;
const API_VERSIONS: i16 = 18;
const DESCRIBE_CONFIGS: i16 = 32;
const DESCRIBE_CLUSTER: i16 = 60;
const UNSUPPORTED_VERSION: i16 = 35;

/// A request of an older header version: key, version, correlation id, and a
/// client id that is null.
fn request(key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame.extend(key.to_be_bytes());
    frame.extend(version.to_be_bytes());
    frame.extend(77_i32.to_be_bytes());
    frame.extend((-1_i16).to_be_bytes());
    frame.extend(body);
    let mut whole = i32::try_from(frame.len()).unwrap().to_be_bytes().to_vec();
    whole.extend(frame);
    whole
}

async fn connect(cluster: &Cluster) -> TcpStream {
    TcpStream::connect(cluster.listener.address())
        .await
        .unwrap()
}

/// The next answer, or `None` where the connection is closed.
async fn answer(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let read = async {
        let length = stream.read_i32().await.ok()?;
        let mut frame = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut frame).await.ok()?;
        Some(frame)
    };
    timeout(Duration::from_secs(10), read)
        .await
        .expect("neither answered nor closed")
}

#[tokio::test]
async fn a_version_that_is_too_new_is_told_the_versions_there_are() {
    let cluster = Cluster::start().await;
    let mut stream = connect(&cluster).await;
    stream
        .write_all(&request(API_VERSIONS, 4, &[]))
        .await
        .unwrap();
    let frame = answer(&mut stream).await.unwrap();
    // The answer is of version 0: correlation id, error, keys of six bytes.
    assert_eq!(frame[..4], 77_i32.to_be_bytes());
    assert_eq!(frame[4..6], UNSUPPORTED_VERSION.to_be_bytes());
    assert_eq!(frame[6..10], 6_i32.to_be_bytes());
    assert_eq!(frame.len(), 10 + 6 * 6);
    // And the connection goes on.
    stream
        .write_all(&request(API_VERSIONS, 0, &[]))
        .await
        .unwrap();
    let frame = answer(&mut stream).await.unwrap();
    assert_eq!(frame[4..6], [0, 0]);
}

#[tokio::test]
async fn what_was_not_advertised_closes_the_connection_and_no_other() {
    let cluster = Cluster::start().await;
    let mut other = connect(&cluster).await;
    for (key, version) in [(FETCH, 4), (METADATA, 13), (METADATA, 0), (999, 0), (-1, 0)] {
        let mut stream = connect(&cluster).await;
        stream
            .write_all(&request(key, version, &[0; 8]))
            .await
            .unwrap();
        assert_eq!(answer(&mut stream).await, None, "{key} {version}");
    }
    other
        .write_all(&request(API_VERSIONS, 0, &[]))
        .await
        .unwrap();
    assert!(answer(&mut other).await.is_some());
}

#[tokio::test]
async fn broken_and_oversized_requests_close_the_connection() {
    let cluster = Cluster::start().await;
    let too_long = (2 * 1024 * 1024_i32).to_be_bytes().to_vec();
    let negative = (-5_i32).to_be_bytes().to_vec();
    let too_short = [0, 0, 0, 2, 0, 3].to_vec();
    // A list of topics that says it has two billion items.
    let huge_list = request(METADATA, 1, &i32::MAX.to_be_bytes());
    // A topic's name that says it is longer than the request.
    let cut = request(METADATA, 1, &[0, 0, 0, 1, 0x7f, 0xff, b'a']);
    // The same in the newer encoding, whose header ends with tags; and in a
    // list within a list.
    let newer_list = request(METADATA, 12, &[0, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    let mut inner_list = [0, 0, 0, 0, 0, 0, 0, 1, 0, 1, b'a'].to_vec();
    inner_list.extend(i32::MAX.to_be_bytes());
    let inner_list = request(LIST_OFFSETS, 1, &inner_list);
    let keys = request(
        DESCRIBE_CONFIGS,
        1,
        &[0, 0, 0, 1, 2, 0, 1, b'a', 0x7f, 0, 0, 0],
    );
    for bytes in [
        too_long, negative, too_short, huge_list, cut, newer_list, inner_list, keys,
    ] {
        let mut stream = connect(&cluster).await;
        stream.write_all(&bytes).await.unwrap();
        assert_eq!(answer(&mut stream).await, None, "{bytes:?}");
    }
    let mut stream = connect(&cluster).await;
    stream
        .write_all(&request(METADATA, 1, &(-1_i32).to_be_bytes()))
        .await
        .unwrap();
    assert!(answer(&mut stream).await.is_some());
}

#[tokio::test]
async fn requests_in_a_row_and_in_pieces_are_answered_in_order() {
    let cluster = Cluster::start().await;
    let mut stream = connect(&cluster).await;
    let mut bytes = request(API_VERSIONS, 0, &[]);
    bytes.extend(request(METADATA, 1, &0_i32.to_be_bytes()));
    for byte in bytes {
        stream.write_all(&[byte]).await.unwrap();
        stream.flush().await.unwrap();
    }
    let versions = answer(&mut stream).await.unwrap();
    let metadata = answer(&mut stream).await.unwrap();
    assert_eq!(versions.len(), 10 + 6 * 6);
    assert!(metadata.windows(9).any(|part| part == b"127.0.0.1"));
}

/// Writes the parts of a request in the older or the newer encoding.
struct Body {
    bytes: Vec<u8>,
    flexible: bool,
}

impl Body {
    /// The newer header ends with tags, of which there are none.
    fn new(flexible: bool) -> Self {
        Self {
            bytes: if flexible { vec![0] } else { Vec::new() },
            flexible,
        }
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    fn raw_if(self, wanted: bool, bytes: &[u8]) -> Self {
        if wanted { self.raw(bytes) } else { self }
    }

    fn list_of_one(self) -> Self {
        if self.flexible {
            self.raw(&[2])
        } else {
            self.raw(&1_i32.to_be_bytes())
        }
    }

    fn null_list(self) -> Self {
        if self.flexible {
            self.raw(&[0])
        } else {
            self.raw(&(-1_i32).to_be_bytes())
        }
    }

    fn text(self, text: &str) -> Self {
        let length = i16::try_from(text.len()).unwrap();
        let flexible = self.flexible;
        let lengthy = if flexible {
            self.raw(&[u8::try_from(length + 1).unwrap()])
        } else {
            self.raw(&length.to_be_bytes())
        };
        lengthy.raw(text.as_bytes())
    }

    fn tags(self) -> Self {
        let flexible = self.flexible;
        self.raw_if(flexible, &[0])
    }
}

fn holds(frame: &[u8], part: &[u8]) -> bool {
    frame.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn every_version_that_is_advertised_is_answered() {
    let cluster = Cluster::start().await;
    let id = cluster.topics.topic("orders_events").unwrap().id;
    let mut stream = connect(&cluster).await;
    let mut ask = async |key, version, body: Body| {
        stream
            .write_all(&request(key, version, &body.bytes))
            .await
            .unwrap();
        answer(&mut stream)
            .await
            .unwrap_or_else(|| panic!("{key} in {version} was cut off"))
    };
    for version in 1..=12 {
        let body = Body::new(version >= 9)
            .null_list()
            .raw_if(version >= 4, &[0])
            .raw_if((8..=10).contains(&version), &[1])
            .raw_if(version >= 8, &[1])
            .tags();
        let frame = ask(METADATA, version, body).await;
        assert!(holds(&frame, b"orders_events"), "{version}");
        assert_eq!(holds(&frame, id.as_bytes()), version >= 10, "{version}");
    }
    for version in 1..=7 {
        let body = Body::new(version >= 6)
            .raw(&(-1_i32).to_be_bytes())
            .raw_if(version >= 2, &[0])
            .list_of_one()
            .text("orders_events")
            .list_of_one()
            .raw(&0_i32.to_be_bytes())
            .raw_if(version >= 4, &(-1_i32).to_be_bytes())
            .raw(&(-1_i64).to_be_bytes())
            .tags()
            .tags()
            .tags();
        let frame = ask(LIST_OFFSETS, version, body).await;
        assert!(holds(&frame, &1000_i64.to_be_bytes()), "{version}");
    }
    for version in 1..=4 {
        let body = Body::new(version >= 4)
            .list_of_one()
            .raw(&[2])
            .text("orders_events")
            .list_of_one()
            .text("retention.ms")
            .tags()
            .raw(&[1])
            .raw_if(version >= 3, &[0])
            .tags();
        let frame = ask(DESCRIBE_CONFIGS, version, body).await;
        assert!(holds(&frame, b"259200000"), "{version}");
        assert!(!holds(&frame, b"cleanup.policy"), "{version}");
    }
    let frame = ask(DESCRIBE_CLUSTER, 0, Body::new(true).raw(&[1]).tags()).await;
    assert!(holds(&frame, b"127.0.0.1"));
}

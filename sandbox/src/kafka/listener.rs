//! The one broker: Kafka's wire protocol on a loopback port, without TLS or
//! SASL.
//!
//! It answers what a client needs in order to learn about topics and offsets.
//! It takes and gives no records: Produce, Fetch and the calls of consumer
//! groups are not advertised, and as in Kafka a connection that asks for what
//! was not advertised is closed.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Topics,
    answers::{self, AnswerError, Broker, Request},
};
use crate::faults::{FaultKind, Faults};

/// The largest request that is read, in bytes. Kafka's own limit is 100 MiB,
/// which is for records.
const MAX_FRAME_BYTES: usize = 1024 * 1024;
/// Connections at one time; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 256;
/// How long a client may take to send the rest of a request it has begun.
const FRAME_TIMEOUT: Duration = Duration::from_secs(30);

/// The name under which faults of the broker are switched on. `kafka` is the
/// name of MSK's own API.
pub const FAULT_SERVICE: &str = "kafka-broker";

/// A running listener. It stops when it is dropped or told to.
pub struct Listener {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Why the listener could not start.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("could not listen for Kafka clients on {address}")]
    Bind {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
}

/// Why a connection was closed by this side.
#[derive(Debug, thiserror::Error)]
enum ConnectionError {
    #[error("could not read or write")]
    Io(#[from] std::io::Error),
    #[error("a request of {0} bytes, where at most {MAX_FRAME_BYTES} are read")]
    FrameSize(i64),
    #[error("a request was begun and not ended within {FRAME_TIMEOUT:?}")]
    FrameTimeout,
    #[error("a request that cannot be answered")]
    Answer(#[from] AnswerError),
    #[error("a fault is switched on")]
    Fault,
}

impl Listener {
    /// Listens on `address`, whose port may be 0 for any that is free.
    pub async fn start(
        address: SocketAddr,
        topics: Topics,
        faults: Arc<Faults>,
    ) -> Result<Self, ListenError> {
        let bind = |source| ListenError::Bind { address, source };
        let socket = TcpListener::bind(address).await.map_err(bind)?;
        let address = socket.local_addr().map_err(bind)?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let server = Server {
            broker: Broker {
                host: Ipv4Addr::LOCALHOST.to_string(),
                port: address.port(),
            },
            topics,
            faults,
        };
        tasks.spawn(accept(
            socket,
            Arc::new(server),
            stop.clone(),
            tasks.clone(),
        ));
        tasks.close();
        Ok(Self {
            address,
            stop,
            tasks,
        })
    }

    /// Where clients connect to: the bootstrap server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the port and all connections, and waits until they are closed.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Server {
    broker: Broker,
    topics: Topics,
    faults: Arc<Faults>,
}

async fn accept(
    socket: TcpListener,
    server: Arc<Server>,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, socket.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            () = stop.cancelled() => return,
            accepted = accepted => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Such as no free file descriptor: the next accept would fail
                // at once, so it is not tried at once.
                tracing::warn!(%error, "could not accept a Kafka connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (server, stop) = (Arc::clone(&server), stop.clone());
        tasks.spawn(async move {
            let _slot = slot;
            tokio::select! {
                () = stop.cancelled() => {}
                ended = serve(stream, &server) => if let Err(error) = ended {
                    let error: &dyn std::error::Error = &error;
                    tracing::info!(%peer, error, "closed a Kafka connection");
                },
            }
        });
    }
}

async fn serve(mut stream: TcpStream, server: &Server) -> Result<(), ConnectionError> {
    stream.set_nodelay(true)?;
    while let Some(frame) = read_frame(&mut stream).await? {
        let request = Request::decode(frame)?;
        let strikes = server.faults.strike(FAULT_SERVICE, request.name(), None);
        if strikes.contains(&FaultKind::CutBefore) {
            return Err(ConnectionError::Fault);
        }
        for strike in &strikes {
            if let FaultKind::Delay { ms } = strike {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
            }
        }
        let answer = answers::answer(&request, &server.topics, &server.broker)?;
        if strikes.contains(&FaultKind::CutAfter) {
            return Err(ConnectionError::Fault);
        }
        if strikes.contains(&FaultKind::CutBody) {
            stream.write_all(&answer[..answer.len() / 2]).await?;
            return Err(ConnectionError::Fault);
        }
        stream.write_all(&answer).await?;
    }
    Ok(())
}

/// Reads one request without its length, or `None` where the client closed the
/// connection between two requests.
async fn read_frame(stream: &mut TcpStream) -> Result<Option<Bytes>, ConnectionError> {
    let mut length = [0; 4];
    if stream.read(&mut length[..1]).await? == 0 {
        return Ok(None);
    }
    let rest = async {
        stream.read_exact(&mut length[1..]).await?;
        let length = i32::from_be_bytes(length);
        let size = usize::try_from(length)
            .ok()
            .filter(|size| *size <= MAX_FRAME_BYTES)
            .ok_or(ConnectionError::FrameSize(i64::from(length)))?;
        let mut frame = BytesMut::zeroed(size);
        stream.read_exact(&mut frame).await?;
        Ok(Some(frame.freeze()))
    };
    tokio::time::timeout(FRAME_TIMEOUT, rest)
        .await
        .map_err(|_| ConnectionError::FrameTimeout)?
}

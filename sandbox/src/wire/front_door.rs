//! The listener, and the way from a request to its service.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use s3s::service::S3Service;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answer::{Did, Refusal, s3_error};
use super::cut::{Cut, halved};
use super::keys::{AccessKeys, Principal};
use super::signature::{Scope, SignatureError};
use super::{AwsService, BODY_BYTES_MAX, Protocol, error_answer};
use crate::clock::Clock;
use crate::faults::{FaultKind, Faults};
use crate::iam::{Decision, Policies};
use crate::record::{Call, Effect, Outcome, Record};
use crate::s3::Fate;

/// How long open connections are waited for when the door closes.
const DRAIN: Duration = Duration::from_secs(5);

/// What every service behind the door shares.
#[derive(Debug, Clone)]
pub struct Shared {
    /// The one clock.
    pub clock: Clock,
    /// What was done.
    pub record: Arc<Record>,
    /// What is switched on to go wrong.
    pub faults: Arc<Faults>,
    /// Who may call.
    pub keys: Arc<AccessKeys>,
    /// What they may do.
    pub policies: Arc<Policies>,
}

/// The services, before the door opens.
pub struct FrontDoorBuilder {
    shared: Shared,
    s3: Option<S3Service>,
    services: BTreeMap<&'static str, Arc<dyn AwsService>>,
}

/// One loopback listener for every AWS service.
pub struct FrontDoor {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl FrontDoorBuilder {
    /// A door without services.
    pub fn new(shared: Shared) -> Self {
        Self {
            shared,
            s3: None,
            services: BTreeMap::new(),
        }
    }

    /// Puts S3 behind the door; it has its own protocol and verifies its own
    /// signatures.
    #[must_use]
    pub fn s3(mut self, service: S3Service) -> Self {
        self.s3 = Some(service);
        self
    }

    /// Puts a service behind the door, in place of one of the same name.
    #[must_use]
    pub fn service(mut self, service: Arc<dyn AwsService>) -> Self {
        self.services.insert(service.name(), service);
        self
    }

    /// Opens the door on a loopback address; port 0 takes a free one.
    pub async fn open(self, address: SocketAddr) -> std::io::Result<FrontDoor> {
        if !address.ip().is_loopback() {
            let text = format!("{address} is not a loopback address");
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, text));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let hall = Arc::new(self);
        tasks.spawn(accept(listener, hall, stop.clone(), tasks.clone()));
        Ok(FrontDoor {
            address,
            stop,
            tasks,
        })
    }
}

impl FrontDoor {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The value of `AWS_ENDPOINT_URL`.
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no more connections and waits a little for those that are open.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        // What is still open after that is dropped with the runtime.
        let _ = tokio::time::timeout(DRAIN, self.tasks.wait()).await;
    }
}

impl Drop for FrontDoor {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn accept(
    listener: TcpListener,
    hall: Arc<FrontDoorBuilder>,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file handles, most likely: it passes, and a busy loop
                // would not help.
                tracing::warn!(%error, "aws.accept_failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let hall = hall.clone();
        let stop = stop.clone();
        tasks.spawn(async move {
            let service = hyper::service::service_fn(move |request| {
                let hall = hall.clone();
                async move { hall.answer(request).await }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "aws.connection_ended");
            }
        });
    }
}

impl FrontDoorBuilder {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
        let (parts, body) = request.into_parts();
        let scope = match Scope::of(&parts) {
            Ok(scope) => scope,
            Err(error) => return Ok(refused_s3(&error)),
        };
        let now_ms = self.shared.clock.now_ms();
        let key = scope.key(&parts, &self.shared.keys, now_ms);
        if scope.service == "s3" {
            return match (&self.s3, key) {
                (None, _) => Ok(no_such_service("s3")),
                (_, Err(error)) => Ok(refused_s3(&error)),
                (Some(s3), Ok(key)) => {
                    answer_s3(s3, Request::from_parts(parts, body), key.principal).await
                }
            };
        }
        let Some(service) = self.services.get(scope.service.as_str()) else {
            return Ok(no_such_service(&scope.service));
        };
        let protocol = protocol_of(service.as_ref(), &parts);
        let body = match Limited::new(body, BODY_BYTES_MAX).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                tracing::debug!(%error, "aws.body_refused");
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                let text = format!("the body passes {BODY_BYTES_MAX} bytes or broke off");
                return Ok(error_answer(protocol, status, "RequestTooLarge", &text));
            }
        };
        let verified = key.and_then(|key| {
            scope.verify(&parts, &body, &key.secret, now_ms)?;
            Ok(key.principal)
        });
        match verified {
            Ok(by) => {
                self.serve(service.as_ref(), protocol, parts, body, by)
                    .await
            }
            Err(error) => Ok(error_answer(
                protocol,
                StatusCode::FORBIDDEN,
                error.code(),
                &error.to_string(),
            )),
        }
    }

    /// Faults, rights, the call itself, and its place in the record.
    async fn serve(
        &self,
        service: &dyn AwsService,
        protocol: Protocol,
        parts: Parts,
        body: Bytes,
        by: Principal,
    ) -> Result<Response<Body>, Cut> {
        let action = service.action(&parts, &body);
        let named = action.clone().unwrap_or_else(|| "Unknown".to_owned());
        let faults = self.shared.faults.strike(service.name(), &named, None);
        let mut answer = None;
        for fault in &faults {
            match fault {
                FaultKind::Delay { ms } => {
                    tokio::time::sleep(Duration::from_millis(*ms)).await;
                }
                FaultKind::CutBefore => return Err(Cut),
                FaultKind::Throttle => answer = Some(throttled(protocol)),
                FaultKind::Error { status, code } => {
                    let status = StatusCode::from_u16(*status)
                        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                    let text = "an error that was switched on";
                    answer = Some(error_answer(protocol, status, code, text));
                }
                _ => {}
            }
        }
        let resource = service.resource(&parts, &body);
        let right = format!("{}:{named}", rights_prefix(service.name()));
        let decision = match right.as_str() {
            // AWS lets everyone ask who they are, even under an explicit deny.
            "sts:GetCallerIdentity" => Decision::Allowed,
            _ => self.shared.policies.decide(&by.identity, &right, &resource),
        };
        let mut response = match (answer, decision) {
            (Some(answer), _) => answer,
            (None, Decision::Allowed) => service.handle(parts, body, by.clone()).await,
            (None, denied) => denied_answer(protocol, &by, &right, &resource, denied),
        };
        self.note(service.name(), &named, &by, &mut response);
        if faults.contains(&FaultKind::CutAfter) {
            return Err(Cut);
        }
        if faults.contains(&FaultKind::CutBody) {
            response = halved(response, true).await;
        }
        Ok(response)
    }

    fn note(
        &self,
        service: &str,
        action: &str,
        by: &Principal,
        response: &mut Response<Body>,
    ) {
        let did = response.extensions_mut().remove::<Did>();
        let outcome = if response.status().as_u16() < 400 {
            Outcome::Done
        } else {
            let refusal = response.extensions_mut().remove::<Refusal>();
            let code = refusal.map_or_else(|| response.status().to_string(), |r| r.0);
            Outcome::Refused(code)
        };
        let (action, params, effect) = match did {
            Some(did) => (did.action, did.params, did.effect),
            None => (action.to_owned(), BTreeMap::new(), effect_by_name(action)),
        };
        self.shared.record.add(Call {
            service: service.to_owned(),
            action,
            principal: by.arn.clone(),
            params,
            effect,
            outcome,
            s3: None,
        });
    }
}

async fn answer_s3(
    s3: &S3Service,
    request: Request<Incoming>,
    by: Principal,
) -> Result<Response<Body>, Cut> {
    let fate = Fate::default();
    let mut request = request.map(s3s::Body::from);
    request.extensions_mut().insert(by);
    request.extensions_mut().insert(fate.clone());
    let response = match s3.call(request).await {
        Ok(response) => response.map(Body::new),
        Err(error) => {
            tracing::warn!(?error, "s3.call_failed");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            s3_error(status, "InternalError", "the sandbox failed")
        }
    };
    if fate.is_cut() {
        return Err(Cut);
    }
    if fate.is_body_cut() {
        return Ok(halved(response, true).await);
    }
    if fate.is_xml_broken() {
        return Ok(halved(response, false).await);
    }
    Ok(response)
}

/// CloudWatch speaks CBOR or JSON as the client likes.
fn protocol_of(service: &dyn AwsService, parts: &Parts) -> Protocol {
    if parts.headers.contains_key("smithy-protocol") {
        Protocol::Cbor
    } else {
        service.protocol()
    }
}

/// How a service is called in policies, where that is not its signing name.
fn rights_prefix(service: &str) -> &str {
    match service {
        "monitoring" => "cloudwatch",
        "email" => "ses",
        other => other,
    }
}

fn effect_by_name(action: &str) -> Effect {
    let reads = [
        "Get", "List", "Describe", "Head", "Filter", "Simulate", "Lookup",
    ];
    if reads.iter().any(|verb| action.starts_with(verb)) {
        Effect::Read
    } else {
        Effect::Change
    }
}

fn throttled(protocol: Protocol) -> Response<Body> {
    let (status, code) = match protocol {
        Protocol::RestJson => (StatusCode::TOO_MANY_REQUESTS, "ThrottlingException"),
        Protocol::Json | Protocol::Cbor => {
            (StatusCode::BAD_REQUEST, "ThrottlingException")
        }
        Protocol::QueryXml => (StatusCode::BAD_REQUEST, "Throttling"),
    };
    error_answer(protocol, status, code, "Rate exceeded")
}

fn denied_answer(
    protocol: Protocol,
    by: &Principal,
    right: &str,
    resource: &str,
    denied: Decision,
) -> Response<Body> {
    let code = match protocol {
        Protocol::QueryXml => "AccessDenied",
        _ => "AccessDeniedException",
    };
    let text = denied.text(&by.arn, right, resource);
    error_answer(protocol, StatusCode::FORBIDDEN, code, &text)
}

fn no_such_service(name: &str) -> Response<Body> {
    let text = format!("the sandbox has no service {name}");
    let status = StatusCode::BAD_REQUEST;
    let mut response = error_answer(Protocol::Json, status, "UnknownService", &text);
    if name == "s3" {
        response = s3_error(status, "UnknownService", &text);
    }
    response
}

fn refused_s3(error: &SignatureError) -> Response<Body> {
    s3_error(StatusCode::FORBIDDEN, error.s3_code(), &error.to_string())
}

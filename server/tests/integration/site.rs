//! A server and a provider for one test, and a browser to visit them with.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use app::backend::{Answered, Backend};
use app::forms::{
    Abort, AdoptPlan, AnswerItem, AskPreflight, Choose, ImportPlan, MakePlan, OpenRun,
    RequestAgreement, Resume, StartPlan, TryWrite, Vote,
};
use app::view::{
    ComparePage, FilePage, LogTail, OffsetsPage, PlanPage, RunFilter, RunPage, RunsPage,
    StreamPage, StreamsPage, TroubleshootPage, Weighed,
};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use domain::access::Actor;
use domain::error::{ErrorKind, WireError};
use domain::ids::{Digest, RunId, StreamName};
use domain::report::Report;
use http_body_util::BodyExt as _;
use sandbox::clock::Clock;
use sandbox::oidc::{self, Client, ProviderConfig};
use server::auth::Provider;
use server::config::Config;
use server::http::client::HttpClient;
use server::http::{AppState, router};
use server::store::Store;
use tempfile::TempDir;
use tower::ServiceExt as _;

/// Far longer than any answer takes on a busy machine.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

pub(crate) const ORIGIN: &str = "http://localhost:3000";

pub(crate) struct Site {
    pub(crate) provider: oidc::Provider,
    pub(crate) dir: TempDir,
    router: Router,
    calls: Arc<AtomicU32>,
}

/// Counts who gets through to it, and answers nobody.
struct CountingBackend(Arc<AtomicU32>);

/// A browser with at most one cookie of ours.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    pub(crate) cookie: Option<String>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn location(&self) -> &str {
        self.headers
            .get(header::LOCATION)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::start_at(ORIGIN).await
    }

    pub(crate) async fn start_at(origin: &str) -> Self {
        Self::start_with(origin, None).await
    }

    /// A server that looks for its provider where nothing listens.
    pub(crate) async fn start_without_provider() -> Self {
        Self::start_with(ORIGIN, Some("http://127.0.0.1:9")).await
    }

    async fn start_with(origin: &str, issuer: Option<&str>) -> Self {
        let client = Client {
            id: "sluice".into(),
            secret: "not a real secret".into(),
            redirect_uris: vec![format!("{origin}/sign-in/callback")],
            post_logout_redirect_uris: vec![format!("{origin}/signed-out")],
        };
        let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let config = ProviderConfig::new(client);
        let provider = oidc::Provider::start(address, config, Clock::new(1))
            .await
            .unwrap();
        let dir = TempDir::new().unwrap();
        let issuer = issuer.unwrap_or(provider.issuer());
        let config = config_text(origin, issuer, dir.path());
        let config = Config::parse(&config, dir.path()).unwrap();
        let store = Store::open(&config.database_url()).await.unwrap();
        let http = HttpClient::new().unwrap();
        let ours =
            Provider::new(config.sign_in.clone(), &config.server.public_origin, http);
        let calls = Arc::new(AtomicU32::new(0));
        let backend = Arc::new(CountingBackend(Arc::clone(&calls)));
        let state = AppState::new(
            Arc::new(config),
            store,
            ours,
            backend,
            server::live::Live::new(),
            tokio_util::sync::CancellationToken::new(),
        );
        Self {
            provider,
            dir,
            router: router(state),
            calls,
        }
    }

    /// How many calls got through to the backend.
    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Sends a request as it is. One that is never answered fails by its name.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let what = format!("{} {}", request.method(), request.uri());
        tokio::time::timeout(ANSWER_WITHIN, self.answer(request))
            .await
            .unwrap_or_else(|_| panic!("{what} was not answered"))
    }

    async fn answer(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        // An event stream goes on for ever.
        let kind = parts.headers.get(header::CONTENT_TYPE);
        let body = match kind.is_some_and(|kind| kind == "text/event-stream") {
            true => Vec::new().into(),
            false => body.collect().await.unwrap().to_bytes(),
        };
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// Changes the database behind the server's back.
    pub(crate) async fn tamper(&self, sql: &'static str) {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite:{}", self.dir.path().join("sluice.db").display());
        let pool = sqlx::AnyPool::connect(&url).await.unwrap();
        let done = sqlx::query(sql).execute(&pool).await.unwrap();
        assert!(
            done.rows_affected() > 0,
            "{sql} should find something to change"
        );
        pool.close().await;
    }
}

impl Browser {
    /// Opens a page, and keeps the cookie that it sets.
    pub(crate) async fn get(&mut self, site: &Site, path: &str) -> Answer {
        let request = Request::get(path).header(header::ACCEPT, "text/html");
        self.send(site, request.body(Body::empty()).unwrap()).await
    }

    /// Calls as the browser's part of our own pages does.
    pub(crate) async fn call(
        &mut self,
        site: &Site,
        method: Method,
        path: &str,
    ) -> Answer {
        let request = from_our_page(method, path).header("x-sluice", "1");
        self.send(site, request.body(Body::empty()).unwrap()).await
    }

    /// Sends a plain form of our own pages.
    pub(crate) async fn post_form(
        &mut self,
        site: &Site,
        path: &str,
        fields: &str,
    ) -> Answer {
        let request = from_our_page(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(site, request.body(Body::from(fields.to_owned())).unwrap())
            .await
    }

    pub(crate) async fn send(
        &mut self,
        site: &Site,
        mut request: Request<Body>,
    ) -> Answer {
        if let Some(cookie) = &self.cookie {
            request
                .headers_mut()
                .insert(header::COOKIE, cookie.parse().unwrap());
        }
        let answer = site.send(request).await;
        if let Some(set) = answer.headers.get(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            let pair = set.split(';').next().unwrap();
            let removed = set.contains("Max-Age=0");
            self.cookie = (!removed).then(|| pair.to_owned());
        }
        answer
    }

    /// Goes to the provider and back as this person; the answer is that of the
    /// callback.
    pub(crate) async fn sign_in(&mut self, site: &Site, login: &str) -> Answer {
        self.sign_in_by(site, login, "/sign-in").await
    }

    pub(crate) async fn sign_in_by(
        &mut self,
        site: &Site,
        login: &str,
        path: &str,
    ) -> Answer {
        let away = self.get(site, path).await;
        assert_eq!(away.status, StatusCode::SEE_OTHER, "{}", away.body);
        let back = at_the_provider(site, away.location(), login).await;
        self.get(site, &back).await
    }

    /// The token of the session's forms, out of the server's own database.
    pub(crate) async fn csrf(&self, site: &Site) -> String {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite:{}", site.dir.path().join("sluice.db").display());
        let pool = sqlx::AnyPool::connect(&url).await.unwrap();
        let token: String = sqlx::query_scalar(
            "SELECT json_extract(data, '$.signed_in.csrf') FROM sessions \
             WHERE json_extract(data, '$.signed_in.csrf') IS NOT NULL \
             ORDER BY json_extract(data, '$.signed_in.began_at') DESC LIMIT 1",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        pool.close().await;
        token
    }
}

/// A request as browsers mark it when a page of ours makes it.
pub(crate) fn from_our_page(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("sec-fetch-site", "same-origin")
        .header(header::ORIGIN, ORIGIN)
}

/// Signs in at the provider; what it answers is the way back to us, as a local
/// path.
pub(crate) async fn at_the_provider(site: &Site, url: &str, login: &str) -> String {
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let page = http.get(url).send().await.unwrap().text().await.unwrap();
    let asked = page
        .split("name=\"asked\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_else(|| panic!("the provider should ask who it is:\n{page}"))
        .replace("&amp;", "&");
    let answer = http
        .post(format!("{}/sign-in", site.provider.issuer()))
        .header("origin", site.provider.issuer())
        .form(&[("asked", asked.as_str()), ("login", login)])
        .send()
        .await
        .unwrap();
    let back = answer.headers().get("location").unwrap_or_else(|| {
        panic!("the provider should send the browser back: {answer:?}")
    });
    let back = back.to_str().unwrap();
    back[back.find("/sign-in/callback").unwrap()..].to_owned()
}

fn config_text(origin: &str, issuer: &str, dir: &std::path::Path) -> String {
    std::fs::write(dir.join("secret"), "not a real secret").unwrap();
    let roles: String = ["viewer", "operator", "approver", "stakeholder", "admin"]
        .map(|role| format!("[[sign_in.roles]]\nvalue = \"{role}\"\nrole = \"{role}\"\n"))
        .concat();
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\npublic_origin = \"{origin}\"\n\
         data_dir = \".\"\nassets_dir = \".\"\n\
         [sign_in]\nissuer = \"{issuer}\"\nclient_id = \"sluice\"\n\
         client_secret_file = \"secret\"\nroles_claim = \"sluice_roles\"\n{roles}\
         [aws]\nregion = \"eu-west-1\"\n\
         [policy.sandbox.agreement]\nsecure = []\nlatest = []\nchosen = []\n\
         earliest = []\n"
    )
}

impl CountingBackend {
    fn count<T>(&self) -> Answered<T> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(WireError::new(ErrorKind::NotFound, "Nothing is here.", ""))
    }
}

#[async_trait]
impl Backend for CountingBackend {
    async fn streams(&self, _: &Actor) -> Answered<StreamsPage> {
        self.count()
    }
    async fn stream(&self, _: &Actor, _: &StreamName) -> Answered<StreamPage> {
        self.count()
    }
    async fn log_tail(&self, _: &Actor, _: &StreamName) -> Answered<LogTail> {
        self.count()
    }
    async fn file(&self, _: &Actor, _: &StreamName, _: &str) -> Answered<FilePage> {
        self.count()
    }
    async fn offsets(&self, _: &Actor, _: &StreamName) -> Answered<OffsetsPage> {
        self.count()
    }
    async fn troubleshoot(
        &self,
        _: &Actor,
        _: &StreamName,
    ) -> Answered<TroubleshootPage> {
        self.count()
    }
    async fn try_write(&self, _: &Actor, _: &TryWrite) -> Answered<StreamName> {
        self.count()
    }
    async fn runs(&self, _: &Actor, _: &RunFilter) -> Answered<RunsPage> {
        self.count()
    }
    async fn run(&self, _: &Actor, _: &RunId) -> Answered<RunPage> {
        self.count()
    }
    async fn plan(&self, _: &Actor, _: &Digest) -> Answered<PlanPage> {
        self.count()
    }
    async fn compare(&self, _: &Actor, _: &Digest, _: &Digest) -> Answered<ComparePage> {
        self.count()
    }
    async fn weigh(&self, _: &Actor, _: &Choose) -> Answered<Weighed> {
        self.count()
    }
    async fn import_plan(&self, _: &Actor, _: &ImportPlan) -> Answered<Digest> {
        self.count()
    }
    async fn adopt_plan(&self, _: &Actor, _: &AdoptPlan) -> Answered<RunId> {
        self.count()
    }
    async fn preflight(&self, _: &Actor, _: &AskPreflight) -> Answered<()> {
        self.count()
    }
    async fn report(&self, _: &Actor, _: &RunId) -> Answered<Report> {
        self.count()
    }
    async fn open_run(&self, _: &Actor, _: &OpenRun) -> Answered<RunId> {
        self.count()
    }
    async fn answer(&self, _: &Actor, _: &AnswerItem) -> Answered<()> {
        self.count()
    }
    async fn choose(&self, _: &Actor, _: &Choose) -> Answered<()> {
        self.count()
    }
    async fn make_plan(&self, _: &Actor, _: &MakePlan) -> Answered<()> {
        self.count()
    }
    async fn request_agreement(&self, _: &Actor, _: &RequestAgreement) -> Answered<()> {
        self.count()
    }
    async fn vote(&self, _: &Actor, _: &Vote) -> Answered<()> {
        self.count()
    }
    async fn start(&self, _: &Actor, _: &StartPlan) -> Answered<()> {
        self.count()
    }
    async fn abort(&self, _: &Actor, _: &Abort) -> Answered<()> {
        self.count()
    }
    async fn resume(&self, _: &Actor, _: &Resume) -> Answered<()> {
        self.count()
    }
}

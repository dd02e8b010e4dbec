//! Somebody with a browser: signs in as one does, and calls as the pages do.

use domain::error::WireError;
use reqwest::header::{ACCEPT, LOCATION, ORIGIN};
use reqwest::{RequestBuilder, Response, StatusCode, redirect};
use serde::de::DeserializeOwned;

use crate::ground::Ground;

/// A browser and who sits before it.
#[derive(Debug, Clone)]
pub struct Person {
    http: reqwest::Client,
    origin: String,
}

/// What was answered to a call that was accepted.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The body.
    pub body: String,
    /// Where it leads to.
    pub location: Option<String>,
}

/// What was answered to a call that was refused.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The status.
    pub status: StatusCode,
    /// What it says, where a server function said it and not the door.
    pub error: Option<WireError>,
    /// The body as it came.
    pub body: String,
}

impl Person {
    /// Somebody who has not signed in.
    pub fn stranger(ground: &Ground) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .cookie_store(true)
            .redirect(redirect::Policy::none())
            .build()
            .expect("a client");
        Self {
            http,
            origin: ground.origin.clone(),
        }
    }

    /// One of the sandbox's people, signed in.
    pub async fn signed_in(ground: &Ground, login: &str) -> Self {
        let person = Self::stranger(ground);
        let sent = person.open("/sign-in?return_to=%2Fruns").await;
        let asking = person.get(&location(&sent)).await;
        let html = asking.text().await.expect("a page");
        let asked = html
            .split_once("name=\"asked\" value=\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .map(|(asked, _)| asked.replace("&amp;", "&"))
            .unwrap_or_else(|| panic!("the provider does not ask who it is: {html}"));
        let provider = ground.sandbox.issuer();
        let chosen = person
            .http
            .post(format!("{provider}/sign-in"))
            .header("sec-fetch-site", "same-origin")
            .form(&[("asked", asked.as_str()), ("login", login)])
            .send()
            .await
            .expect("the provider answers");
        let back = person.get(&location(&chosen)).await;
        assert_eq!(location(&back), "/runs", "{login} is not signed in");
        person
    }

    /// Opens an address of Sluice's as a browser does.
    pub async fn open(&self, path: &str) -> Response {
        self.get(&format!("{}{path}", self.origin)).await
    }

    /// Calls a server function that changes something.
    pub async fn post(
        &self,
        endpoint: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, Refused> {
        let request = self.call(endpoint, fields);
        answered(request.send().await.expect("Sluice answers")).await
    }

    /// Calls a server function that reads.
    pub async fn read<T: DeserializeOwned>(
        &self,
        endpoint: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Refused> {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        let request = self
            .http
            .get(format!("{}?{query}", self.function(endpoint)))
            .header("x-sluice", "1")
            .header(ACCEPT, "application/json");
        let answer = answered(request.send().await.expect("Sluice answers")).await?;
        Ok(serde_json::from_str(&answer.body)
            .unwrap_or_else(|error| panic!("{endpoint}: {error}: {}", answer.body)))
    }

    /// A request that this person's browser sends with its cookies, for what no page
    /// of Sluice's would send.
    pub fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.origin))
    }

    /// Calls a server function of a binary that may die of it, and then does not answer.
    pub async fn tries_to_post(
        &self,
        endpoint: &str,
        fields: &[(&str, &str)],
    ) -> Result<StatusCode, reqwest::Error> {
        Ok(self.call(endpoint, fields).send().await?.status())
    }

    /// A call as the browser's part makes it.
    fn call(&self, endpoint: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let form: Vec<(String, &str)> = fields
            .iter()
            .map(|(name, value)| (format!("request[{name}]"), *value))
            .collect();
        self.http
            .post(self.function(endpoint))
            .header(ORIGIN, &self.origin)
            .header("x-sluice", "1")
            .header(ACCEPT, "application/json")
            .form(&form)
    }

    fn function(&self, endpoint: &str) -> String {
        format!("{}/fn/{endpoint}", self.origin)
    }

    async fn get(&self, url: &str) -> Response {
        self.http
            .get(url)
            .header(ACCEPT, "text/html")
            .send()
            .await
            .unwrap_or_else(|error| panic!("{url} does not answer: {error:?}"))
    }
}

async fn answered(response: Response) -> Result<Answer, Refused> {
    let status = response.status();
    let location = response
        .headers()
        .get(LOCATION)
        .map(|value| value.to_str().expect("an address is ASCII").to_owned());
    let body = response.text().await.expect("a body");
    if status.is_client_error() || status.is_server_error() {
        let error = serde_json::from_str(&body).ok();
        return Err(Refused {
            status,
            error,
            body,
        });
    }
    Ok(Answer { body, location })
}

/// Where a redirect leads to.
fn location(response: &Response) -> String {
    response
        .headers()
        .get(LOCATION)
        .unwrap_or_else(|| panic!("{} leads nowhere: {response:?}", response.url()))
        .to_str()
        .expect("an address is ASCII")
        .to_owned()
}

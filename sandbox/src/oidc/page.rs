//! The provider's own pages: plain, and plainly not Sluice.

use super::config::{Client, User};
use crate::wire::xml_text;

pub(super) const STYLE: &str = include_str!("style.css");

/// Lists everyone; a click signs in.
pub(super) fn sign_in(
    client: &Client,
    users: &[User],
    asked: &str,
    login_hint: Option<&str>,
) -> String {
    let people: String = users
        .iter()
        .map(|user| person(user, asked, login_hint))
        .collect();
    page(
        "Sign in",
        &format!(
            "<p>Sign in to <strong>{}</strong> as one of these people. There are no \
             passwords: nothing here is real.</p><ul class=\"people\">{people}</ul>",
            xml_text(&client.id)
        ),
    )
}

fn person(user: &User, asked: &str, login_hint: Option<&str>) -> String {
    let roles = if user.roles.is_empty() {
        "no role".to_owned()
    } else {
        user.roles.join(", ")
    };
    let focus = if login_hint == Some(user.login.as_str()) {
        " autofocus"
    } else {
        ""
    };
    format!(
        "<li><form method=\"post\" action=\"/sign-in\">\
         <input type=\"hidden\" name=\"asked\" value=\"{}\">\
         <button name=\"login\" value=\"{}\"{focus}>\
         <span class=\"name\">{}</span> <span class=\"role\">{}</span>\
         </button></form></li>",
        xml_text(asked),
        xml_text(&user.login),
        xml_text(&user.name),
        xml_text(&roles),
    )
}

/// Asks before signing out where the request does not prove who made it.
pub(super) fn sign_out() -> String {
    page(
        "Sign out",
        "<p>Sign out of the sandbox identity provider?</p>\
         <form method=\"post\" action=\"/sign-out\"><button>Sign out</button></form>",
    )
}

pub(super) fn signed_out() -> String {
    page(
        "Signed out",
        "<p>You are signed out of the sandbox identity provider.</p>",
    )
}

pub(super) fn refused(reason: &str) -> String {
    page(
        "Request refused",
        &format!("<p>The request was refused. {}</p>", xml_text(reason)),
    )
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} · SANDBOX identity provider</title>\
         <link rel=\"stylesheet\" href=\"/style.css\"></head>\
         <body><main><p class=\"banner\">SANDBOX identity provider</p>\
         <h1>{title}</h1>{body}</main></body></html>"
    )
}

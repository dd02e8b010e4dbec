//! What is around every page, filled with who is signed in and where.

use leptos::context::Provider;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::csrf::{CsrfField, CsrfToken};
use crate::api::read::fetch_frame;
use crate::paths;
use crate::ui::*;
use crate::view::{Frame as Facts, RunFilter, Viewer};

/// The bar with its places, the band that names the installation, and the menu
/// of who is signed in, around a page.
#[component]
pub fn PageFrame(
    /// The page.
    children: Children,
) -> AnyView {
    let Facts {
        viewer,
        banner,
        csrf,
        waiting,
    } = expect_context();
    let path = use_location().pathname;
    let (waiting, set_waiting) = signal(waiting);
    let again = Action::new(|(): &()| fetch_frame());
    // What waits may have been answered meanwhile.
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.is_some_and(|before| before != path) {
            again.dispatch(());
        }
        path
    });
    Effect::new(move |_| {
        if let Some(Ok(facts)) = again.value().get() {
            set_waiting.set(facts.waiting);
        }
    });
    // Nobody is signed in: the pages say so, and the bar leads nowhere.
    let known = viewer.is_some();
    let nav = Signal::derive(move || {
        if known {
            nav(waiting.get())
        } else {
            Vec::new()
        }
    });
    let name = viewer.as_ref().map(|viewer| viewer.name.clone());
    let menu = move || viewer.clone().map(menu);
    let (banner, link) = match banner {
        None => (None, None),
        Some(banner) => (
            Some((banner.text, String::new())),
            banner.link.map(|link| (link, banner.link_text)),
        ),
    };
    view! {
        <Provider value=CsrfToken(csrf)>
            <Frame
                nav
                path=Signal::derive(move || place(&path.get()))
                banner
                banner_link=link
                user=name
                user_menu=menu
            >
                {children()}
            </Frame>
        </Provider>
    }
    .into_any()
}

fn nav(waiting: u32) -> Vec<NavItem> {
    vec![
        NavItem {
            label: "Streams".to_owned(),
            href: paths::streams(),
            count: Some(u64::from(waiting)),
        },
        NavItem {
            label: "Runs".to_owned(),
            href: paths::runs(&RunFilter::default()),
            count: None,
        },
    ]
}

/// The path by which the bar finds its place: a stream lies below the list of
/// streams, which is the home page.
fn place(path: &str) -> String {
    if path.starts_with("/streams/") {
        paths::streams()
    } else {
        path.to_owned()
    }
}

/// Who is signed in, as what, and the way out.
fn menu(viewer: Viewer) -> impl IntoView {
    let Viewer { name, email, roles } = viewer;
    let roles = if roles.is_empty() {
        "no role".to_owned()
    } else {
        roles.join(", ")
    };
    view! {
        <div>
            <p>{name}</p>
            {email.map(|email| view! { <p class="soft small">{email}</p> })}
            <p class="soft small">{roles}</p>
        </div>
        <form method="post" action=paths::sign_out()>
            <CsrfField />
            <Button kind=ButtonKind::Submit icon=IconName::Power>
                "Sign out"
            </Button>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_lies_below_the_home_page() {
        for (path, expected) in [
            ("/", "/"),
            ("/streams/orders", "/"),
            ("/runs/orders-1/plan", "/runs/orders-1/plan"),
        ] {
            assert_eq!(place(path), expected);
        }
    }
}

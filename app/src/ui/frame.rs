//! What is around every page.

use super::{Icon, IconName};
use leptos::prelude::*;

/// A place in the bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NavItem {
    pub label: String,
    pub href: String,
    /// How many things wait there; none where nothing is counted.
    pub count: Option<u64>,
}

impl NavItem {
    /// Whether a page belongs to this place: it is the page or lies below it.
    fn holds(&self, path: &str) -> bool {
        path == self.href
            || (self.href != "/"
                && path
                    .strip_prefix(&self.href)
                    .is_some_and(|rest| rest.starts_with('/')))
    }
}

/// The bar, the band that names the place, and the page.
#[component]
pub fn Frame(
    /// The places.
    #[prop(into)]
    nav: Signal<Vec<NavItem>>,
    /// The path of the page that is shown.
    #[prop(into)]
    path: Signal<String>,
    /// The name of the place in capitals and what it means, when the server
    /// has one: "SANDBOX", "Nothing here is real."
    #[prop(optional_no_strip, into)]
    banner: Option<(String, String)>,
    /// Where the band leads, and what stands on the link.
    #[prop(optional_no_strip, into)]
    banner_link: Option<(String, String)>,
    /// The name of who is signed in; none shows no menu.
    #[prop(optional_no_strip, into)]
    user: Option<String>,
    /// What is in the menu of who is signed in: roles, signing out.
    #[prop(optional, into)]
    user_menu: ViewFn,
    /// The page.
    children: Children,
) -> AnyView {
    let links = move || {
        nav.get()
            .into_iter()
            .map(|item| {
                let current = item.clone();
                let current =
                    move || current.holds(&path.get()).then_some("page");
                view! {
                    <li>
                        <a class="bar__link" href=item.href aria-current=current>
                            {item.label}
                            {item
                                .count
                                .filter(|count| *count > 0)
                                .map(|count| view! { <span class="bar__count">{count}</span> })}
                        </a>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <div class="frame">
            <a class="skip" href="#main">
                "Skip to the page"
            </a>
            {banner.map(|banner| band(banner, banner_link))}
            <header class="bar">
                <div class="bar__inner">
                    <a class="bar__home" href="/">
                        <span class="bar__mark">
                            <Icon name=IconName::Gate />
                        </span>
                        "Sluice"
                    </a>
                    <nav class="bar__nav" aria-label="Main">
                        <ul class="bar__links">{links}</ul>
                    </nav>
                    <div class="bar__end">
                        {user.map(|name| menu(name, user_menu))}
                    </div>
                </div>
            </header>
            <main class="frame__main" id="main" tabindex="-1">
                {children()}
            </main>
        </div>
    }
    .into_any()
}

/// A menu that opens without script.
fn menu(name: String, inside: ViewFn) -> AnyView {
    view! {
        <details class="menu">
            <summary class="menu__button">
                <Icon name=IconName::User />
                {name}
            </summary>
            <div class="menu__panel">{inside.run()}</div>
        </details>
    }
    .into_any()
}

fn band((name, meaning): (String, String), link: Option<(String, String)>) -> AnyView {
    view! {
        <aside class="banner" aria-label="Place">
            <span class="banner__name">{name}</span>
            {(!meaning.is_empty()).then(|| view! { <span>{meaning}</span> })}
            {link
                .map(|(href, text)| {
                    view! {
                        <a class="banner__link" href=href rel="external">
                            {text}
                        </a>
                    }
                })}
        </aside>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_holds_what_lies_below_it_and_no_namesake() {
        let place = |href: &str| NavItem {
            label: String::new(),
            href: href.to_owned(),
            count: None,
        };
        assert!(place("/runs").holds("/runs"));
        assert!(place("/runs").holds("/runs/7/plan"));
        assert!(!place("/runs").holds("/runs-old"));
        assert!(place("/").holds("/"));
        assert!(!place("/").holds("/runs"));
    }
}

//! What the server found out about a request before the page is drawn.

use domain::access::Actor;
use domain::time::Millis;

use crate::view::Banner;

/// Handed into the context of each page and server function.
#[derive(Clone, Debug)]
pub struct RequestFacts {
    /// Who is asking; `None` when nobody is signed in.
    pub actor: Option<Actor>,
    /// The token that this session's plain forms carry.
    pub csrf: Option<String>,
    /// The server's time.
    pub now: Millis,
    /// The reference under which the log has this request.
    pub reference: String,
    /// What stands across every page.
    pub banner: Option<Banner>,
}

//! Listings: pages in UTF-8 byte order, rolled up by a delimiter.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::StoreError;
use super::object::Object;
use super::store::{Store, target};
use super::walk::{From, Walk};
use crate::record::Effect;
use crate::wire::Principal;

/// The most that one page holds, whatever was asked.
pub const PAGE_MAX: usize = 1000;

/// What is to be listed.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// Only keys that start so.
    pub prefix: String,
    /// Keys are rolled up to the first of these after the prefix; empty means not.
    pub delimiter: String,
    /// Only keys after this one.
    pub after: Option<String>,
    /// Where the page before left off; wins over `after`.
    pub token: Option<Token>,
    /// At most so many keys and groups.
    pub limit: usize,
}

/// Where a page left off. Opaque to clients, as S3's is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token(From);

/// One page.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The objects.
    pub objects: Vec<Object>,
    /// The groups, each ending in the delimiter.
    pub groups: Vec<String>,
    /// Where to go on, when there is more.
    pub next: Option<Token>,
}

impl Token {
    /// After every key that starts so.
    pub fn past(group: &str) -> Self {
        Self(From::Past(group.to_owned()))
    }

    /// The text that clients carry.
    pub fn encode(&self) -> String {
        let text = match &self.0 {
            From::Start => "s".to_owned(),
            From::After(key) => format!("k{key}"),
            From::Past(prefix) => format!("p{prefix}"),
        };
        URL_SAFE_NO_PAD.encode(text)
    }

    /// From the text; `None` when it is not one of ours.
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (kind, rest) = text.split_at_checked(1)?;
        let from = match kind {
            "s" => From::Start,
            "k" => From::After(rest.to_owned()),
            "p" => From::Past(rest.to_owned()),
            _ => return None,
        };
        Some(Self(from))
    }

    /// The last key or group of the page before, as the older listing names it.
    pub fn marker(&self) -> &str {
        match &self.0 {
            From::Start => "",
            From::After(text) | From::Past(text) => text,
        }
    }
}

impl Store {
    /// One page of a listing.
    pub fn list(
        &self,
        by: &Principal,
        bucket: &str,
        query: &ListQuery,
    ) -> Result<Page, StoreError> {
        let result = self.page(bucket, query);
        let target = target(bucket, &query.prefix);
        let count = result
            .as_ref()
            .map_or(0, |page| page.objects.len() + page.groups.len());
        let params = [("count", count.to_string())];
        self.note(by, "ListObjects", Effect::Read, target, &params, &result);
        result
    }

    /// Every object under a prefix, in order.
    pub fn list_all(
        &self,
        by: &Principal,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<Object>, StoreError> {
        let query = ListQuery {
            prefix: prefix.to_owned(),
            limit: usize::MAX,
            ..ListQuery::default()
        };
        Ok(self.list(by, bucket, &query)?.objects)
    }

    fn page(&self, bucket: &str, query: &ListQuery) -> Result<Page, StoreError> {
        let mut page = Page::default();
        if query.limit == 0 {
            self.bucket(bucket)?;
            return Ok(page);
        }
        let mut walk = self.walk(bucket, query)?;
        let root = self.root.join(bucket);
        let failed = || StoreError::io("list", &root);
        let mut last = From::Start;
        while let Some(key) = walk.next().map_err(failed())? {
            let full = page.objects.len() + page.groups.len() >= query.limit;
            if let Some(group) = group_of(&key, query) {
                if full {
                    page.next = Some(Token(last));
                    break;
                }
                walk.skip_past(&group).map_err(failed())?;
                last = From::Past(group.clone());
                page.groups.push(group);
                continue;
            }
            // The walk holds no lock: a key may be gone by now, and then S3 would not
            // have listed it either.
            let Some(object) = self.look_now(bucket, &key)? else {
                continue;
            };
            if full {
                page.next = Some(Token(last));
                break;
            }
            last = From::After(key);
            page.objects.push(object);
        }
        Ok(page)
    }

    fn walk(&self, bucket: &str, query: &ListQuery) -> Result<Walk, StoreError> {
        let state = self.read();
        state.need(bucket)?;
        let odd = match state.odd.get(bucket) {
            Some(keys) => keys
                .range(query.prefix.clone()..)
                .take_while(|key| key.starts_with(&query.prefix))
                .cloned()
                .collect(),
            None => Vec::new(),
        };
        drop(state);
        let from = match (&query.token, &query.after) {
            (Some(Token(from)), _) => from.clone(),
            (None, Some(after)) => From::After(after.clone()),
            (None, None) => From::Start,
        };
        let root = self.root.join(bucket);
        Walk::new(&root, &query.prefix, from, odd).map_err(StoreError::io("list", &root))
    }

    fn look_now(&self, bucket: &str, key: &str) -> Result<Option<Object>, StoreError> {
        let state = self.read();
        Ok(self.look_in(&state, bucket, key)?.map(|(object, _)| object))
    }
}

fn group_of(key: &str, query: &ListQuery) -> Option<String> {
    if query.delimiter.is_empty() {
        return None;
    }
    let rest = key.get(query.prefix.len()..)?;
    let at = rest.find(&query.delimiter)?;
    let end = query.prefix.len() + at + query.delimiter.len();
    key.get(..end).map(str::to_owned)
}

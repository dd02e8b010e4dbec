//! How a listing is cut into parts that are listed at the same time.
//!
//! Nothing is known of the keys beforehand, so every part begins with an ordinary
//! page. Only where that is not all does it go on by folder, and each folder is a
//! part of its own; where there are no folders but many numbered files, by the
//! ranges between digits. The parts of a part hold each of its keys exactly once,
//! whatever the keys are: a folder is every key that begins with its name, and a
//! range goes from one key to another by the order of bytes in which S3 lists.

use super::Object;

/// More folders than that are listed in groups: a call for each of ten thousand
/// folders with a single file would be slower than page after page.
const FOLDERS_MAX: usize = 1_000;
/// How many groups then.
const GROUPS: usize = 256;
/// Folders are looked for so deep; a checkpoint's stores lie at the fourth level.
const DEPTH_MAX: u32 = 8;
/// So many pages of one folder come one after the other before it is cut at
/// digits, which costs up to ten calls.
const PAGES_BEFORE_CUT: u32 = 8;

/// Some keys that are listed page after page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// All its keys begin with it.
    prefix: String,
    /// They come after this key.
    after: Option<String>,
    /// They come no later than this key.
    upto: Option<String>,
    /// Keys are rolled up to the folders right under the prefix.
    by_folder: bool,
    /// Where the keys are numbered, what stands before their next digit.
    stem: Option<String>,
    /// How many folders it lies under what was asked for.
    depth: u32,
    pages: u32,
    token: Option<String>,
    last: Option<String>,
    /// By folder, what has come so far.
    beside: Vec<Object>,
    folders: Vec<String>,
}

/// One answer.
pub(super) struct Page {
    pub(super) objects: Vec<Object>,
    /// Each ends in `/`.
    pub(super) folders: Vec<String>,
    /// Whether it says that there is more.
    pub(super) more: bool,
    /// Where that begins.
    pub(super) token: Option<String>,
}

/// What is asked for next.
pub(super) struct Asks<'a> {
    pub(super) prefix: &'a str,
    pub(super) by_folder: bool,
    pub(super) after: Option<&'a str>,
    pub(super) token: Option<&'a str>,
}

/// What has come, and what is still to be listed for it; or why the answer
/// cannot be right.
type GoneOn = Result<(Vec<Object>, Vec<Part>), &'static str>;

impl Part {
    pub(super) fn all_under(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            after: None,
            upto: None,
            by_folder: false,
            stem: Some(prefix.to_owned()),
            depth: 0,
            pages: 0,
            token: None,
            last: None,
            beside: Vec::new(),
            folders: Vec::new(),
        }
    }

    /// The first keys after one, to be read page by page.
    pub(super) fn beginning(prefix: &str, by_folder: bool, after: Option<&str>) -> Self {
        Self {
            by_folder,
            after: after.map(str::to_owned),
            ..Self::all_under(prefix)
        }
    }

    pub(super) fn asks(&self) -> Asks<'_> {
        Asks {
            prefix: &self.prefix,
            by_folder: self.by_folder,
            // A token says it already.
            after: self.after.as_deref().filter(|_| self.token.is_none()),
            token: self.token.as_deref(),
        }
    }

    /// Takes in a page.
    pub(super) fn go_on(mut self, page: Page) -> GoneOn {
        self.verify(&page)?;
        self.pages += 1;
        if self.by_folder {
            return Ok(self.folders_came(page));
        }
        let mut objects = page.objects;
        let end = match &self.upto {
            Some(upto) => objects.partition_point(|object| object.key <= *upto),
            None => objects.len(),
        };
        let passed = end < objects.len();
        objects.truncate(end);
        if passed || !page.more {
            return Ok((objects, Vec::new()));
        }
        if self.may_have_folders(&objects) {
            // Its first page is asked for once more, by folder.
            let by_folder = Self {
                by_folder: true,
                depth: self.depth,
                ..Self::all_under(&self.prefix)
            };
            return Ok((Vec::new(), vec![by_folder]));
        }
        self.last = objects.last().map(|object| object.key.clone());
        if self.pages.is_multiple_of(PAGES_BEFORE_CUT) {
            let parts = self.cut_at_digits();
            if !parts.is_empty() {
                return Ok((objects, parts));
            }
        }
        self.token = page.token;
        Ok((objects, vec![self]))
    }

    /// Takes in a page of a listing that is cut into no parts; with it, what
    /// follows it.
    pub(super) fn page_by_page(
        mut self,
        page: Page,
    ) -> Result<(Page, Option<Self>), &'static str> {
        self.verify(&page)?;
        self.last = page.objects.last().map(|o| o.key.clone()).or(self.last);
        self.folders = page.folders.last().cloned().into_iter().collect();
        self.token.clone_from(&page.token);
        let next = page.more.then_some(self);
        Ok((page, next))
    }

    fn verify(&self, page: &Page) -> Result<(), &'static str> {
        let mut before = self.last.as_deref().or(self.after.as_deref());
        for object in &page.objects {
            if before.is_some_and(|before| before >= object.key.as_str()) {
                return Err("keys came twice or out of order");
            }
            before = Some(&object.key);
        }
        let mut before = self.folders.last().map(String::as_str);
        for folder in &page.folders {
            let name = folder.strip_prefix(&self.prefix).unwrap_or_default();
            // Under the prefix, with its one slash at the end.
            let is_one = !name.is_empty() && name.find('/') == Some(name.len() - 1);
            if !self.by_folder || !is_one {
                return Err("a folder was listed that is none");
            }
            if before.is_some_and(|before| before >= folder.as_str()) {
                return Err("folders came twice or out of order");
            }
            before = Some(folder);
        }
        let inside = |object: &Object| object.key[self.prefix.len()..].contains('/');
        if self.by_folder && page.objects.iter().any(inside) {
            return Err("a key came that lies in a folder");
        }
        if page.more && (page.token.is_none() || page.token == self.token) {
            return Err("a page says that there is more, and not where it goes on");
        }
        if page.more && page.objects.is_empty() && page.folders.is_empty() {
            return Err("an empty page says that there is more");
        }
        Ok(())
    }

    fn may_have_folders(&self, objects: &[Object]) -> bool {
        let whole = self.after.is_none() && self.upto.is_none();
        let inside = |object: &Object| object.key[self.prefix.len()..].contains('/');
        self.pages == 1 && whole && self.depth < DEPTH_MAX && objects.iter().any(inside)
    }

    fn folders_came(mut self, page: Page) -> (Vec<Object>, Vec<Self>) {
        self.last = page.objects.last().map(|o| o.key.clone()).or(self.last);
        self.beside.extend(page.objects);
        self.folders.extend(page.folders);
        if page.more {
            self.token = page.token;
            return (Vec::new(), vec![self]);
        }
        if self.folders.len() > FOLDERS_MAX {
            return (Vec::new(), self.groups());
        }
        let parts = self
            .folders
            .iter()
            .map(|folder| Self {
                depth: self.depth + 1,
                ..Self::all_under(folder)
            })
            .collect();
        (self.beside, parts)
    }

    /// Ranges that hold so many folders each, and whatever lies between them.
    fn groups(&self) -> Vec<Self> {
        let each = self.folders.len().div_ceil(GROUPS);
        let mut ends: Vec<Option<String>> = self
            .folders
            .chunks(each)
            .filter_map(|group| group.last()?.strip_suffix('/'))
            // What follows the slash in the order of bytes follows all keys of
            // the folder.
            .map(|name| Some(format!("{name}0")))
            .collect();
        // The last goes on to the end.
        if let Some(last) = ends.last_mut() {
            *last = None;
        }
        self.ranges(None, ends, |_| None)
    }

    /// Cuts what is left of numbered keys: `…/1373` is followed by what lies up
    /// to `…/2`, up to `…/3` and so on. Empty where they are not numbered.
    fn cut_at_digits(&self) -> Vec<Self> {
        let (Some(stem), Some(last)) = (&self.stem, &self.last) else {
            return Vec::new();
        };
        let next = last.strip_prefix(stem.as_str()).and_then(|rest| {
            let first = rest.chars().next()?;
            first.is_ascii_digit().then_some(first)
        });
        let Some(next) = next else { return Vec::new() };
        let mut ends: Vec<Option<String>> = ('0'..='9')
            .filter(|digit| *digit > next)
            .map(|digit| format!("{stem}{digit}"))
            .filter(|end| self.upto.as_ref().is_none_or(|upto| end < upto))
            .map(Some)
            .collect();
        ends.push(self.upto.clone());
        let mut digits = next..='9';
        self.ranges(Some(last.clone()), ends, |_| {
            digits.next().map(|digit| format!("{stem}{digit}"))
        })
    }

    /// Ranges that follow each other, the first after `after`.
    fn ranges(
        &self,
        mut after: Option<String>,
        ends: Vec<Option<String>>,
        mut stem: impl FnMut(&Option<String>) -> Option<String>,
    ) -> Vec<Self> {
        ends.into_iter()
            .map(|upto| {
                let stem = stem(&upto);
                let range = Self {
                    after: after.take(),
                    upto: upto.clone(),
                    stem,
                    depth: self.depth,
                    ..Self::all_under(&self.prefix)
                };
                after = upto;
                range
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;

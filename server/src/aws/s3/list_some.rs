//! The beginning of a listing, for who needs no more than that.

use super::listing_parts::Part;
use super::{Object, S3};
use crate::aws::error::AwsError;

/// What was listed of a place.
#[derive(Debug, Default)]
pub struct ListedSome {
    /// Objects, by key.
    pub objects: Vec<Object>,
    /// Folders right under the prefix, each with its slash at the end; only of a
    /// listing by folder.
    pub folders: Vec<String>,
    /// Whether that is all.
    pub whole: bool,
}

impl S3 {
    /// The first keys under `prefix`, up to `pages_max` pages of a thousand. By
    /// folder, what lies in folders is left out and their names are told.
    ///
    /// # Errors
    /// As [`S3::list`].
    pub async fn list_some(
        &self,
        bucket: &str,
        prefix: &str,
        by_folder: bool,
        after: Option<&str>,
        pages_max: usize,
    ) -> Result<ListedSome, AwsError> {
        let mut some = ListedSome::default();
        let mut part = Part::beginning(prefix, by_folder, after);
        for _ in 0..pages_max {
            let (asked, page) = self.page(bucket, part).await?;
            let (page, next) = asked.page_by_page(page).map_err(super::list::odd)?;
            some.objects.extend(page.objects);
            some.folders.extend(page.folders);
            match next {
                Some(next) => part = next,
                None => {
                    some.whole = true;
                    break;
                }
            }
        }
        Ok(some)
    }
}

//! A file of a checkpoint, with what the newest look found about it.

use app::backend::Answered;
use app::view::{FilePage, FileSeen};
use domain::access::Actor;
use domain::ids::StreamName;

use super::Server;
use crate::clock;

impl Server {
    pub(super) async fn file_page(
        &self,
        actor: &Actor,
        name: &StreamName,
        key: &str,
    ) -> Answered<FilePage> {
        let stream = self.visible(actor, name)?;
        let file = self.observer.checkpoint_file(&stream.name, key).await;
        let latest = self.poller.get(name);
        let checkpoint = latest.as_ref().and_then(|l| l.snapshot.checkpoint.seen());
        let findings = checkpoint
            .iter()
            .flat_map(|checkpoint| &checkpoint.findings)
            .filter(|finding| finding.path.as_deref() == Some(key))
            .cloned()
            .collect();
        let judged = checkpoint.and_then(|checkpoint| checkpoint.decisive.get(key));
        let changed_since = match (&file, judged) {
            (FileSeen::Read { etag, .. }, Some(judged)) => etag != judged,
            (FileSeen::Missing, Some(_)) => true,
            _ => false,
        };
        Ok(FilePage {
            now: clock::now(),
            stream: stream.name.clone(),
            key: key.to_owned(),
            uri: format!("{}{key}", stream.checkpoint.uri()),
            file,
            findings,
            changed_since,
        })
    }
}

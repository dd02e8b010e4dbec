//! The probes of what surrounds a stream.

use app::backend::Answered;
use app::forms::TryWrite;
use app::view::{Permission, TroubleshootPage};
use domain::access::{Action, Actor};
use domain::error::{ErrorKind, WireError};
use domain::ids::{InvalidId, StreamName};
use domain::stream::Stream;

use super::Server;
use super::failure::invalid;
use crate::clock;

const NO_CHANGES: &str = "Sluice changes nothing of this stream: changes_allowed is false in its configuration.";

impl Server {
    pub(super) async fn troubleshoot_page(
        &self,
        actor: &Actor,
        name: &StreamName,
    ) -> Answered<TroubleshootPage> {
        let stream = self.visible(actor, name)?;
        let asked = self.prober.ask(&stream).await;
        Ok(TroubleshootPage {
            now: clock::now(),
            stream: stream.name.clone(),
            region: stream.region.clone(),
            probes: asked.probes.clone(),
            changed: asked.changed.clone(),
            backup_root: stream.backup_root.uri(),
            may_write: self.may_try_a_write(actor, &stream),
            written: self.prober.written(&stream.name),
        })
    }

    pub(super) async fn try_a_write(
        &self,
        actor: &Actor,
        request: &TryWrite,
    ) -> Answered<StreamName> {
        let name = request
            .stream
            .parse()
            .map_err(|e: InvalidId| invalid(e.to_string(), ""))?;
        let stream = self.visible(actor, &name)?;
        self.may(actor, Action::TryWrite, &stream)?;
        if !self.observer.changes_allowed(&name) {
            return Err(WireError::new(
                ErrorKind::NotPermitted,
                NO_CHANGES,
                "Whoever keeps the configuration can allow it.",
            ));
        }
        self.prober.try_write(stream, actor.person.clone()).await;
        Ok(name)
    }

    pub(super) fn may_try_a_write(&self, actor: &Actor, stream: &Stream) -> Permission {
        match self.may(actor, Action::TryWrite, stream) {
            Err(denial) => Permission::no(denial.reason),
            Ok(()) if self.observer.changes_allowed(&stream.name) => Permission::yes(),
            Ok(()) => Permission::no(NO_CHANGES),
        }
    }
}

//! The way on from one stage of a Run to another.

use domain::run::Stage;
use leptos::prelude::*;

use super::current_run::CurrentRun;
use crate::paths;
use crate::ui::*;

/// The one loud link of a stage, to where it goes on.
#[component]
pub fn NextStage(
    /// Where.
    stage: Stage,
    /// A verb with its object.
    text: &'static str,
) -> AnyView {
    let run = CurrentRun::of_page();
    view! {
        <div class="row">
            <LinkButton
                href=paths::stage(&run.id(), stage)
                appearance=ButtonAppearance::Primary
                icon=IconName::ArrowRight
            >
                {text}
            </LinkButton>
        </div>
    }
    .into_any()
}

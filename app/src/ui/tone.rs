//! What a colour means.

/// The meaning that gives a chip, a callout or a mark its three colours. It
/// never stands alone: an icon and a word go with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// No judgement.
    #[default]
    Neutral,
    /// What the person is at, or is recommended.
    Accent,
    Good,
    Info,
    Warning,
    Danger,
    /// Could not be read; never shown as good and never as bad.
    Unknown,
}

impl Tone {
    /// The value of `data-tone` in the style sheet.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Accent => "accent",
            Self::Good => "good",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Danger => "danger",
            Self::Unknown => "unknown",
        }
    }
}

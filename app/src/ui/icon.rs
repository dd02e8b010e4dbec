//! Icons, drawn on 16 by 16 with one stroke width.

use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IconName {
    Activity,
    ArrowRight,
    Check,
    ChevronRight,
    Circle,
    Clock,
    Copy,
    Cross,
    Download,
    Drop,
    External,
    File,
    Folder,
    Gate,
    Hourglass,
    Inbox,
    Info,
    Lock,
    Minus,
    Moon,
    Octagon,
    Pause,
    Play,
    Power,
    Question,
    Repeat,
    Search,
    Shield,
    Stop,
    Trend,
    Undo,
    User,
    Warning,
}

impl IconName {
    /// Every icon, for the gallery.
    pub const ALL: [Self; 33] = [
        Self::Activity,
        Self::ArrowRight,
        Self::Check,
        Self::ChevronRight,
        Self::Circle,
        Self::Clock,
        Self::Copy,
        Self::Cross,
        Self::Download,
        Self::Drop,
        Self::External,
        Self::File,
        Self::Folder,
        Self::Gate,
        Self::Hourglass,
        Self::Inbox,
        Self::Info,
        Self::Lock,
        Self::Minus,
        Self::Moon,
        Self::Octagon,
        Self::Pause,
        Self::Play,
        Self::Power,
        Self::Question,
        Self::Repeat,
        Self::Search,
        Self::Shield,
        Self::Stop,
        Self::Trend,
        Self::Undo,
        Self::User,
        Self::Warning,
    ];

    const fn path(self) -> &'static str {
        match self {
            Self::Activity => "M1.5 8.5h3l2-5 3 9 2-4h3",
            Self::ArrowRight => "M3 8h10M9 4l4 4-4 4",
            Self::Check => "M3 8.5l3.2 3.2L13 4.8",
            Self::ChevronRight => "M6 3.5 10.5 8 6 12.5",
            Self::Circle => "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2Z",
            Self::Clock => {
                "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 4.6V8l2.3 1.4"
            }
            Self::Copy => "M5.8 5.8h7.4v7.4H5.8ZM10.2 5.8V2.8H2.8v7.4h3",
            Self::Cross => "M4 4l8 8M12 4l-8 8",
            Self::Download => "M8 2.5V10M4.8 7 8 10.2 11.2 7M2.8 13.2h10.4",
            Self::Drop => {
                "M8 1.8c2.6 3 4.2 5.2 4.2 7.6a4.2 4.2 0 0 1-8.4 0C3.8 7 5.4 4.8 8 1.8Z"
            }
            Self::External => "M9 2.8h4.2V7M13.2 2.8 7.5 8.5M11.5 9.5v3.7H2.8V4.5h3.7",
            Self::File => "M4 1.8h5.2l3 3v9.4H4ZM9 1.8V5h3.2",
            Self::Folder => "M1.8 3.5h4.4l1.4 1.8h6.6v7.4H1.8Z",
            Self::Gate => {
                "M3 1.5v13M13 1.5v13M3 4h10M3 7.5h10M1.5 11.5c1.6-1.3 2.9-1.3 4.3 \
                 0s2.9 1.3 4.3 0 2.8-1.3 4.4 0"
            }
            Self::Hourglass => {
                "M4 1.8h8M4 14.2h8M4.8 1.8v2.4L8 8l3.2-3.8V1.8M4.8 14.2v-2.4L8 \
                 8l3.2 3.8v2.4"
            }
            Self::Inbox => "M2 9.2 4 3h8l2 6.2v4H2ZM2 9.2h3.6l.8 1.6h3.2l.8-1.6H14",
            Self::Info => {
                "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 7.4v3.4M8 5.1v.1"
            }
            Self::Lock => "M3.8 7.2h8.4v6.3H3.8ZM5.4 7.2V5a2.6 2.6 0 0 1 5.2 0v2.2",
            Self::Minus => "M3.5 8h9",
            Self::Moon => "M13.4 9.6A5.8 5.8 0 0 1 6.4 2.6a5.8 5.8 0 1 0 7 7Z",
            Self::Octagon => {
                "M5.4 1.8h5.2l3.6 3.6v5.2l-3.6 3.6H5.4l-3.6-3.6V5.4ZM8 5v3.6M8 11v.1"
            }
            Self::Pause => "M5.5 3.5v9M10.5 3.5v9",
            Self::Play => "M5 3.2v9.6L12.8 8Z",
            Self::Power => "M8 2v6M4.6 4.2a5.2 5.2 0 1 0 6.8 0",
            Self::Question => {
                "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM6.3 6.3a1.8 1.8 0 1 \
                 1 2.6 1.6c-.6.3-.9.6-.9 1.2M8 11.2v.1"
            }
            Self::Repeat => {
                "M2.8 7.4A4.4 4.4 0 0 1 7.2 3h5.6M10.6 1l2.2 2-2.2 2M13.2 8.6A4.4 4.4 \
                 0 0 1 8.8 13H3.2M5.4 15l-2.2-2 2.2-2"
            }
            Self::Search => {
                "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.4 10.4l3.1 3.1"
            }
            Self::Shield => {
                "M8 1.8 13.2 3.6v4.2c0 3.1-2.1 5.3-5.2 6.4-3.1-1.1-5.2-3.3-5.2-6.4V3.6Z"
            }
            Self::Stop => "M4 4h8v8H4Z",
            Self::Trend => "M2 12.5 6 8l3 2.6 5-6.4M10.4 4.2H14v3.6",
            Self::Undo => "M3 6.5h6.2a3.6 3.6 0 0 1 0 7.2H6M6 3.2 2.8 6.5 6 9.8",
            Self::User => {
                "M8 2.5a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM2.8 13.8c.5-2.6 2.5-4 \
                 5.2-4s4.7 1.4 5.2 4"
            }
            Self::Warning => "M8 2.2 14.5 13.5h-13ZM8 6.5v3.2M8 11.7v.1",
        }
    }
}

/// An icon. It is hidden from screen readers: the word beside it speaks.
#[component]
pub fn Icon(
    /// Which one.
    name: IconName,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d=name.path()></path>
        </svg>
    }
}

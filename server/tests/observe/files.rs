//! A file of a checkpoint, as it is shown to people.

use app::view::FileSeen;
use domain::checkpoint::IssueCode;
use sandbox::faults::FaultKind;

use crate::place::{Bare, Whole, stream};

const PREFIX: &str = "_checkpoints/streaming/orders/";

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_decoded_and_what_is_wrong_with_it_is_said() {
    let whole = Whole::open().await;
    let (observer, orders) = (&whole.eyes.observer, stream("orders"));
    let snapshot = observer.look(&orders).await;
    let checkpoint = snapshot.checkpoint.seen().unwrap();
    let newest = checkpoint.newest_offsets.unwrap();

    let broken = format!("offsets/{newest}");
    let seen = observer.checkpoint_file(&orders, &broken).await;
    let FileSeen::Read { etag, decoded } = seen else {
        panic!("{seen:?}")
    };
    assert_eq!(etag, checkpoint.decisive[&broken]);
    assert_eq!(decoded.title, format!("Offset log, batch {newest}"));
    assert_eq!(decoded.issues[0].code, IssueCode::Empty);

    let before = format!("offsets/{}", newest - 1);
    let seen = observer.checkpoint_file(&orders, &before).await;
    let FileSeen::Read { decoded, .. } = seen else {
        panic!("{seen:?}")
    };
    assert!(decoded.issues.is_empty(), "{:?}", decoded.issues);
    assert_eq!(decoded.sheets[0].rows.len(), 6, "a row for each partition");
    assert_eq!(decoded.lines.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_read_has_its_reason() {
    let place = Bare::open().await;
    let (observer, orders) = (&place.eyes.observer, stream("orders"));
    place.write("_checkpoints/streaming/secret", b"of somebody else");
    for key in ["offsets/7", "../secret", "", "offsets//7"] {
        let seen = observer.checkpoint_file(&orders, key).await;
        assert_eq!(seen, FileSeen::Missing, "{key:?}");
    }
    place.write(&format!("{PREFIX}state/0/0/7.delta"), &vec![7; 9 << 20]);
    let seen = observer.checkpoint_file(&orders, "state/0/0/7.delta").await;
    assert!(
        matches!(seen, FileSeen::TooLarge { size, .. } if size == 9 << 20),
        "{seen:?}"
    );

    place.write(&format!("{PREFIX}metadata"), b"{}");
    let code = "AccessDenied".to_owned();
    place.breaks("GetObject", FaultKind::Error { status: 403, code });
    let seen = observer.checkpoint_file(&orders, "metadata").await;
    assert!(matches!(seen, FileSeen::NotPermitted { .. }), "{seen:?}");
    place.faults.clear_all();
    let code = "InternalError".to_owned();
    place.breaks("GetObject", FaultKind::Error { status: 500, code });
    let seen = observer.checkpoint_file(&orders, "metadata").await;
    assert!(matches!(seen, FileSeen::Unread { .. }), "{seen:?}");
}

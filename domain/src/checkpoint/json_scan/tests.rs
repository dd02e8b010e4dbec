use super::*;

fn shown(text: &str) -> String {
    match scan(text) {
        Ok(value) => format!("{value:?}"),
        Err(Fault::NoContent) => "no content".to_owned(),
        Err(Fault::Eof {
            message,
            line,
            column,
            ..
        }) => {
            format!("eof {line}:{column} {message}")
        }
        Err(Fault::Parse {
            message,
            line,
            column,
            ..
        }) => {
            format!("parse {line}:{column} {message}")
        }
    }
}

/// The expected texts are Jackson's, seen in the logs of Spark.
#[test]
fn faults_read_as_jackson_words_them() {
    assert_eq!(
        shown("{\"nextBatch"),
        "eof 1:12 Unexpected end-of-input in field name"
    );
    assert_eq!(
        shown("{\"batchWatermarkMs\":0,"),
        "parse 1:23 Unexpected end-of-input within/between Object entries"
    );
    assert_eq!(
        shown("{\"offset\":"),
        "eof 1:11 Unexpected end-of-input within/between Object entries"
    );
    assert_eq!(
        shown("xx"),
        "parse 1:3 Unrecognized token 'xx': was expecting (JSON String, Number, \
         Array, Object or token 'null', 'true' or 'false')"
    );
    assert_eq!(shown(""), "no content");
    assert_eq!(shown(" \n"), "no content");
}

#[test]
fn what_follows_the_value_is_ignored() {
    assert_eq!(shown("{} x"), "Object([])");
    assert_eq!(
        shown("[1,2.5,null]]"),
        r#"Array([Int("1"), Double("2.5"), Null])"#
    );
}

/// Four million brackets on one line take a moment and not a day.
#[test]
fn many_brackets_cost_no_more_than_many_letters() {
    let text = format!("[{}", "[],\n".repeat(1_000_000));
    let Err(Fault::Parse { line, column, .. }) = scan(&text) else {
        panic!("it has no end");
    };
    assert_eq!((line, column), (1_000_001, 1));
}

#[test]
fn a_deep_nest_ends_with_a_fault() {
    assert!(matches!(scan(&"[".repeat(5000)), Err(Fault::Parse { .. })));
}

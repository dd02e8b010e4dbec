//! A driver's log: any lines of any streams come to records and groups, and no
//! text of them is lost but what is cut.
#![no_main]

use domain::failures::{Line, group, recognise, records};
use domain::time::Millis;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|lines: Vec<(u16, bool, String)>| {
    let mut at = 0;
    let mut count = 0;
    let lines: Vec<Line> = lines
        .into_iter()
        .map(|(later, other, text)| {
            at += i64::from(later);
            count += 1;
            let stream = if other { "b" } else { "a" }.to_owned();
            let at = Millis(at);
            Line { at, stream, text }
        })
        .collect();
    let records = records(lines);
    assert!(records.len() <= count);
    for record in &records {
        let _ = recognise(&record.text);
    }
    let _ = group(&records);
});

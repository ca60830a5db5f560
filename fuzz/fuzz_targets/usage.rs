//! A history: if it is read, its total is the sum of what a plain reading of the JSON has.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runway_preflight::decode;
use runway_preflight::spend::{UtcDay, Window};
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let [start, before] = ["1970-01-01", "9999-12-31"].map(|day| UtcDay::parse(day).expect("a day"));
    let Ok(history) = decode::history(bytes, Window { start, before }) else {
        return;
    };
    let Ok(plain) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let days = plain["results"].as_array().expect("days").iter();
    let entries = days.flat_map(|day| day["usedCredits"].as_array().expect("entries"));
    let amounts: Option<Vec<i64>> = entries.map(|entry| entry["amount"].as_i64()).collect();
    if let Some(amounts) = amounts {
        let sum: i128 = amounts.into_iter().map(i128::from).sum();
        assert_eq!(history.total().0, sum);
        assert_eq!(
            history.by_model().iter().map(|it| it.1 .0).sum::<i128>(),
            sum
        );
    }
});

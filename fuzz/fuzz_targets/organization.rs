//! An organization: whatever is read is what a plain reading of the JSON has at that place.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runway_preflight::decode;
use runway_preflight::quota::Limit;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let _ = decode::reason(bytes);
    let _ = decode::saved_organization(bytes);
    let Ok(organization) = decode::organization(bytes) else {
        return;
    };
    // A plain reading refuses what is nested too deep, in a field that nobody asks for.
    let Ok(plain) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    if let (Ok(balance), Some(plain)) = (&organization.balance, plain["creditBalance"].as_i64()) {
        assert_eq!(balance.0, plain.into());
    }
    for (model, quota) in organization.models.iter().flatten() {
        let limits = &plain["tier"]["models"][model.as_str()];
        for (limit, name) in [
            (&quota.concurrency, "maxConcurrentGenerations"),
            (&quota.daily_limit, "maxDailyGenerations"),
        ] {
            match limit {
                Ok(Limit::Unlimited) => assert!(limits[name].is_null()),
                Ok(Limit::AtMost(limit)) => {
                    assert!(limits[name].as_u64().is_none_or(|plain| plain == *limit));
                }
                Err(_) => {}
            }
        }
        let used = &plain["usage"]["models"][model.as_str()]["dailyGenerations"];
        if let (Ok(found), Some(plain)) = (&quota.used, used.as_u64()) {
            assert_eq!(*found, plain);
        }
    }
});

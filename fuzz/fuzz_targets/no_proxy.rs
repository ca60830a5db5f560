//! `NO_PROXY`: the first line is the host, the rest the list. Whatever is in it, a host that is
//! named besides is passed by.

#![no_main]

use std::net::Ipv6Addr;

use libfuzzer_sys::fuzz_target;
use runway_preflight::api::{proxy, BaseUrl};

fuzz_target!(|text: &str| {
    let Some((first, list)) = text.split_once('\n') else {
        return;
    };
    let Ok(base) = BaseUrl::parse(&format!("https://{first}")) else {
        return;
    };
    // A URL may have a host that no list can name.
    let name = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let host = base.host.as_str();
    let bare = host.split([']', ':']).next().unwrap_or_default();
    let is_name = bare.starts_with(|c: char| c.is_ascii_alphanumeric()) && bare.chars().all(name);
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.split(']').next());
    let is_address = bracketed.is_some_and(|host| host.parse::<Ipv6Addr>().is_ok());
    if !is_name && !is_address {
        return;
    }
    let passes_by = |list: &str| {
        let variable = |name: &str| match name {
            "https_proxy" => Some("http://proxy.example:3128".into()),
            "no_proxy" if !list.is_empty() => Some(list.into()),
            _ => None,
        };
        let proxy = proxy::for_host(&base, &variable).expect("a proxy that is one");
        proxy.is_none()
    };
    let by_list = passes_by(list);
    assert!(passes_by(&format!("{list},*")));
    assert!(passes_by(&format!("{list} {}", host)));
    // The order does not matter.
    let entries = list.split(|c: char| c == ',' || c.is_whitespace());
    let reversed: Vec<&str> = entries.rev().collect();
    assert_eq!(passes_by(&reversed.join(",")), by_list);
});

//! A proxy's URL: taken or refused, and nothing of a value that is refused is shown.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runway_preflight::api::{proxy, BaseUrl};

fuzz_target!(|text: &str| {
    let base = BaseUrl::parse("https://api.example").expect("a URL");
    let found = |value: String| {
        let variable = |name: &str| (name == "https_proxy").then(|| value.clone().into());
        proxy::for_host(&base, &variable).map(|proxy| proxy.map(|it| it.host().to_owned()))
    };
    let empty = found(String::new());
    assert!(matches!(empty, Ok(None)));
    if let Err(error) = found(text.to_owned()) {
        let ours = [
            "https_proxy must be http://HOST:PORT or https://HOST:PORT",
            "https_proxy must be http://HOST:PORT or https://HOST:PORT; in a user or password, write \
             #, / and ? as %23, %2F and %3F",
            "https_proxy names a SOCKS proxy, but only HTTP and HTTPS proxies are supported",
        ];
        assert!(ours.contains(&&*error), "{error}");
    }
    // What stands for a password is never a part of the host.
    let password: String = text.chars().filter(char::is_ascii_graphic).collect();
    if !password.is_empty() {
        let with_password = format!("http://user:{password}@proxy.example:3128");
        if let Ok(Some(host)) = found(with_password) {
            assert_eq!(host, "proxy.example");
        }
    }
});

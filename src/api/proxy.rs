//! Proxies from the environment, for https alone. ureq's own reading of it connects directly
//! where a variable cannot be used, and takes `ALL_PROXY` before `HTTPS_PROXY`.

use ureq::{Proxy, ProxyProtocol};

use super::base_url::BaseUrl;

/// Where curl and others look, in their order.
const VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// The proxy that leads to a host, if one is set for it.
///
/// # Errors
///
/// A variable that is set and cannot be used: its name and why, never its value, which may hold a
/// password.
pub fn for_host(
    base: &BaseUrl,
    variable: &dyn Fn(&str) -> Option<std::ffi::OsString>,
) -> Result<Option<Proxy>, String> {
    // The key travels in clear over http: to loopback alone, and through nobody.
    if !base.is_secure() {
        return Ok(None);
    }
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    let Some((name, value)) = VARIABLES.iter().find_map(|name| Some((*name, set(name)?))) else {
        return Ok(None);
    };
    let passed_by = ["no_proxy", "NO_PROXY"].iter().find_map(set);
    let passed_by = passed_by.map(|hosts| hosts.to_string_lossy().into_owned());
    if passes_by(&passed_by.unwrap_or_default(), base.bare_host()) {
        return Ok(None);
    }
    let proxy = value
        .to_str()
        .and_then(|value| Proxy::new(value.trim()).ok())
        .filter(has_proper_host)
        .ok_or_else(|| format!("{name} is set, and is not the URL of a proxy"))?;
    if !matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https) {
        return Err(format!(
            "{name} names a SOCKS proxy, and only HTTP and HTTPS proxies are supported"
        ));
    }
    Ok(Some(proxy))
}

/// ureq takes a port out of range for none, and the scheme's own in its place.
fn has_proper_host(proxy: &Proxy) -> bool {
    let authority = proxy.uri().authority();
    authority.is_some_and(|authority| {
        let host = authority.as_str().rsplit('@').next().unwrap_or_default();
        let port = host.strip_prefix(authority.host()).unwrap_or_default();
        !authority.host().is_empty() && (port.is_empty() || authority.port_u16().is_some())
    })
}

/// Whether `NO_PROXY` names the host: itself, a domain above it, or `*`.
fn passes_by(hosts: &str, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    hosts
        .split([',', ' '])
        .map(|entry| entry.trim().to_ascii_lowercase())
        .filter(|entry| !entry.is_empty())
        .any(|entry| {
            let domain = entry.trim_start_matches("*.").trim_start_matches('.');
            entry == "*"
                || host == domain
                || host
                    .strip_suffix(domain)
                    .is_some_and(|above| above.ends_with('.'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    fn proxy(base: &str, environment: &[(&str, &str)]) -> Result<Option<String>, String> {
        let base = BaseUrl::parse(base).expect("a base URL");
        let variable = |name: &str| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let proxy = for_host(&base, &variable)?;
        Ok(proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port())))
    }

    #[test]
    fn the_environment_decides() {
        let host = "https://api.dev.runwayml.com";
        let to = |name: &str| Ok(Some(name.to_owned()));
        let all = [
            ("ALL_PROXY", "http://all:1"),
            ("HTTPS_PROXY", "http://upper:2"),
            ("https_proxy", "http://user:pass@lower:3"),
        ];
        assert_eq!(proxy(host, &[]), Ok(None));
        assert_eq!(proxy(host, all.split_at(1).0), to("all:1"));
        assert_eq!(proxy(host, all.split_at(2).0), to("upper:2"));
        assert_eq!(proxy(host, &all), to("lower:3"));
        assert_eq!(proxy(host, &[("HTTPS_PROXY", "")]), Ok(None));
        assert_eq!(proxy(host, &[("HTTP_PROXY", "http://h:1")]), Ok(None));
        assert_eq!(proxy("http://127.0.0.1", &all), Ok(None));
        for hosts in [
            "*",
            "runwayml.com",
            ".runwayml.com",
            "x, *.dev.runwayml.com",
            "API.dev.runwayml.com",
        ] {
            let set = [("HTTPS_PROXY", "http://h:1"), ("NO_PROXY", hosts)];
            assert_eq!(proxy(host, &set), Ok(None), "{hosts}");
        }
        for hosts in [
            "",
            "ml.com",
            "other.com",
            "i.dev.runwayml.com",
            "runwayml.com.evil",
        ] {
            let set = [("HTTPS_PROXY", "http://h:1"), ("no_proxy", hosts)];
            assert_eq!(proxy(host, &set), to("h:1"), "{hosts}");
        }
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_an_error_without_its_value() {
        for value in [
            "socks5://secret:1",
            "http://",
            "secret\u{1}",
            "ftp://secret",
            "::secret::",
        ] {
            let error = proxy("https://h", &[("HTTPS_PROXY", value)]).expect_err(value);
            assert!(
                error.contains("HTTPS_PROXY") && !error.contains("secret"),
                "{error}"
            );
        }
    }
}

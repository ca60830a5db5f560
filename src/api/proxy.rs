//! Proxies from the environment, for https alone. ureq's own reading of it connects directly
//! if a variable cannot be used, and takes `ALL_PROXY` before `HTTPS_PROXY`.

use std::net::IpAddr;

use ureq::http::uri::Authority;
use ureq::{Proxy, ProxyProtocol};

use super::base_url::{bare, BaseUrl};

/// Those that curl and others read, in their order. Windows finds a name in either case.
const VARIABLES: &[&str] = if cfg!(windows) {
    &["HTTPS_PROXY", "ALL_PROXY"]
} else {
    &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
};

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
    if !base.secure {
        return Ok(None);
    }
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    let Some((name, value)) = VARIABLES.iter().find_map(|name| Some((*name, set(name)?))) else {
        return Ok(None);
    };
    let passed_by = ["no_proxy", "NO_PROXY"].iter().find_map(set);
    if passed_by.is_some_and(|hosts| passes_by(&hosts.to_string_lossy(), base)) {
        return Ok(None);
    }
    let value = value.to_string_lossy();
    let value = value.trim();
    let speaks_http = |proxy: &Proxy| {
        let protocol = proxy.protocol();
        matches!(protocol, ProxyProtocol::Http | ProxyProtocol::Https) && has_proper_host(value)
    };
    let proxy = Proxy::new(value).ok().filter(speaks_http);
    proxy.map(Some).ok_or_else(|| format!("{name} must be http://HOST:PORT or https://HOST:PORT, and no SOCKS proxy; in a user or password, write #, / and ? as %23, %2F and %3F"))
}

/// The users and passwords that the variables hold, as they are written and as they are meant;
/// those of a few characters may stand anywhere by chance.
pub fn secrets(variable: &dyn Fn(&str) -> Option<std::ffi::OsString>) -> Vec<String> {
    const MIN_SECRET: usize = 8;
    let mut secrets = Vec::new();
    for value in VARIABLES.iter().filter_map(|name| variable(name)) {
        let value = value.to_string_lossy();
        let authority = value.split_once("://").map_or(&*value, |(_, rest)| rest);
        let user_info = authority.rsplit_once('@').map_or("", |(secret, _)| secret);
        for secret in user_info.splitn(2, ':') {
            let meant = percent_encoding::percent_decode_str(secret).decode_utf8_lossy();
            secrets.extend([secret.to_owned(), meant.into_owned()]);
        }
    }
    secrets.retain(|secret| secret.len() >= MIN_SECRET);
    secrets
}

/// Host and port alone, behind a user and a password. The mark of a path, a query or a fragment in a
/// password would make a part of it a host; and ureq takes a port out of range for none.
fn has_proper_host(value: &str) -> bool {
    let authority = value.split_once("://").map_or(value, |(_, rest)| rest);
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let host = authority.rsplit('@').next().unwrap_or_default();
    !authority.contains(['/', '?', '#']) && BaseUrl::parse(&format!("https://{host}")).is_ok()
}

/// Whether `NO_PROXY` names the host: itself, a domain above it, its network, or `*`. An entry with
/// a port means that port alone.
fn passes_by(entries: &str, base: &BaseUrl) -> bool {
    let host = base.bare_host.trim_end_matches('.').to_ascii_lowercase();
    let entries = entries.to_ascii_lowercase();
    let mut entries = entries.split(|c: char| c == ',' || c.is_whitespace());
    entries.any(|entry| {
        let (entry, port) = split_port(entry);
        let names_host = match host.parse() {
            Ok(address) => names_address(entry.trim_end_matches('.'), address) == Some(true),
            Err(_) => names_domain(&entry, &host),
        };
        port.is_none_or(|port| port == base.port) && (entry == "*" || names_host)
    })
}

/// `host:port`, `[::1]:port` or neither with a port; an IPv6 address alone, or a network, is no such
/// thing.
fn split_port(entry: &str) -> (String, Option<u16>) {
    match entry.parse::<Authority>() {
        Ok(authority) => (bare(authority.host()).to_owned(), authority.port_u16()),
        Err(_) => (entry.to_owned(), None),
    }
}

fn names_domain(entry: &str, host: &str) -> bool {
    let domain = entry.trim_start_matches("*.").trim_matches('.');
    let above = host.strip_suffix(domain);
    !domain.is_empty() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// In any spelling of the address, or as a network that contains it.
fn names_address(entry: &str, address: IpAddr) -> Option<bool> {
    let bits = |address| match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    let (network, length) = match entry.split_once('/') {
        Some((network, length)) => (network, Some(length.parse::<u32>().ok()?)),
        None => (entry, None),
    };
    let network = network.parse::<IpAddr>().ok()?.to_canonical();
    let address = address.to_canonical();
    let all: u32 = if network.is_ipv4() { 32 } else { 128 };
    let host_bits = all.checked_sub(length.unwrap_or(all))?;
    // A shift by the whole width leaves nothing to compare.
    let differ = (bits(network) ^ bits(address)).checked_shr(host_bits);
    Some(network.is_ipv4() == address.is_ipv4() && differ.unwrap_or(0) == 0)
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
        let first = if cfg!(windows) { "upper:2" } else { "lower:3" };
        assert_eq!(proxy(host, &all), to(first));
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
    fn no_proxy_is_read_as_people_write_it() {
        let passes = |base: &str, hosts: &str| {
            let set = [("HTTPS_PROXY", "http://h:1"), ("NO_PROXY", hosts)];
            proxy(base, &set) == Ok(None)
        };
        for (base, hosts) in [
            ("https://a.example:8443", "a.example:8443"),
            ("https://a.example", "a.example:443"),
            ("https://a.example", "x\ta.example\ny"),
            ("https://a.example", "a.example."),
            ("https://10.1.2.3", "10.0.0.0/8"),
            ("https://10.1.2.3", "10.1.2.3"),
            ("https://10.1.2.3", "10.1.2.3."),
            ("https://10.1.2.3:9", "10.1.2.3.:9"),
            ("https://10.1.2.3", "::ffff:10.1.2.3"),
            ("https://10.1.2.3", "0.0.0.0/0"),
            ("https://[fd00::1]", "fd00::/8"),
            ("https://[::1]", "[::1]"),
            ("https://[::1]:9", "[::1]:9"),
            ("https://[::1]", "0:0:0:0:0:0:0:1"),
        ] {
            assert!(passes(base, hosts), "{base} {hosts}");
        }
        for (base, hosts) in [
            ("https://a.example", "a.example:8443"),
            ("https://11.1.2.3", "10.0.0.0/8"),
            ("https://10.1.2.3", "10.0.0.0/33"),
            ("https://10.1.2.3", "2.3"),
            ("https://[fd00::1]", "fe00::/8"),
            ("https://[::1]", "10.0.0.0/0"),
            ("https://a.example", "."),
            ("https://10.1.2.3", "."),
            ("https://10.1.2.3", "*."),
        ] {
            assert!(!passes(base, hosts), "{base} {hosts}");
        }
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_an_error_without_its_value() {
        for value in [
            "socks5://secret:1",
            "http://user:p@secret#1@127.0.0.1:3128",
            "http://user:p@secret/1@127.0.0.1:3128",
            "http://user:p@secret?1@127.0.0.1:3128",
            "http://secret:1/path",
            "secret:1?query",
            "http://",
            "secret\u{1}",
            "ftp://secret",
            "http://secret:0",
            "http://secret..a:1",
            "http://user:secret@a,b=:1",
            "http://user:secret@:3128",
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

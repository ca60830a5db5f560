//! The host that is asked, and nothing but it.

use std::net::{IpAddr, Ipv6Addr};

use rustls::pki_types::ServerName;
use ureq::http::Uri;

/// Runway's own; the SDKs use it too.
pub const RUNWAY: &str = "https://api.dev.runwayml.com";

/// A checked base URL: https, or http to loopback; a path prefix at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    /// As given, without a slash at the end.
    pub text: String,
    /// Host and port, the port left out if it is the scheme's own.
    pub host: String,
    /// The host without port or brackets.
    pub(super) bare_host: String,
    /// The port that is connected to.
    pub(super) port: u16,
    /// What stands between the host and the paths of the API, without a slash at the end.
    pub path: String,
    /// Whether it is https.
    pub secure: bool,
}

impl BaseUrl {
    /// Reads a base URL.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as the end of a sentence that does not repeat it: it may hold a
    /// secret.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const NO_SCHEME: &str = "must begin with https://";
        let text = text.trim();
        if text.contains(['#', '?']) {
            return Err("must not have a query or a fragment");
        }
        let broken = match text.starts_with("https://") {
            true => "is not a URL",
            false => NO_SCHEME,
        };
        let uri: Uri = text.parse().map_err(|_| broken)?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(NO_SCHEME),
        };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if authority.contains('@') {
            return Err("must not have a user or a password");
        }
        let host = uri.host().filter(|host| is_host(host));
        let host =
            host.ok_or("has no valid host: a name of letters, digits, - and ., or an IP address")?;
        let own_port = if secure { 443 } else { 80 };
        let given = uri.port_u16();
        let given = given.filter(|port| *port > 0 && !authority.contains('+'));
        let is_bare = authority == host;
        let port = if is_bare { Some(own_port) } else { given };
        let port = port.ok_or("has no valid port: a number from 1 to 65535")?;
        if !secure && !is_loopback(host) {
            return Err("must be https: http would send the key unencrypted; it is allowed only for localhost");
        }
        let shown = if port == own_port { host } else { authority };
        Ok(Self {
            text: text.trim_end_matches('/').to_owned(),
            host: shown.to_owned(),
            bare_host: bare(host).to_owned(),
            port,
            path: uri.path().trim_end_matches('/').to_owned(),
            secure,
        })
    }
}

/// An IPv6 address in a URL stands in brackets.
pub(super) fn bare(host: &str) -> &str {
    let inner = host.strip_prefix('[');
    let inner = inner.and_then(|inner| inner.strip_suffix(']'));
    inner.unwrap_or(host)
}

/// A name or an address that a certificate can be for.
fn is_host(host: &str) -> bool {
    match bare(host) {
        inner if inner == host => ServerName::try_from(host).is_ok(),
        inner => inner.parse::<Ipv6Addr>().is_ok(),
    }
}

/// By its name; what `localhost` resolves to is checked when it is connected to.
fn is_loopback(host: &str) -> bool {
    match bare(host).parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_asked() {
        for (text, path) in [
            (RUNWAY, ""),
            ("https://h/", ""),
            ("https://h/a/b//", "/a/b"),
        ] {
            assert_eq!(BaseUrl::parse(text).expect(text).path, path, "{text}");
        }
        for (text, kept, host) in [
            (RUNWAY, RUNWAY, "api.dev.runwayml.com"),
            ("https://h:8443/v/", "https://h:8443/v", "h:8443"),
            ("https://h:443/", "https://h:443", "h"),
            ("http://127.0.0.1:9", "http://127.0.0.1:9", "127.0.0.1:9"),
            ("http://[::1]:9", "http://[::1]:9", "[::1]:9"),
            ("http://localhost", "http://localhost", "localhost"),
            ("HTTPS://H", "HTTPS://H", "H"),
            ("https://a_b.example", "https://a_b.example", "a_b.example"),
            ("https://a.example.", "https://a.example.", "a.example."),
            ("https://10.1.2.3:1", "https://10.1.2.3:1", "10.1.2.3:1"),
        ] {
            let url = BaseUrl::parse(text).expect(text);
            assert_eq!((&*url.text, &*url.host), (kept, host));
        }
        assert_eq!(
            BaseUrl::parse("http://[::1]:9").expect("url").bare_host,
            "::1"
        );
        assert_eq!(
            BaseUrl::parse("https://[::2]").expect("url").bare_host,
            "::2"
        );
    }

    #[test]
    fn what_may_not() {
        for text in [
            "",
            "api.dev.runwayml.com",
            "http://api.dev.runwayml.com",
            "ftp://h",
            "https://",
            "https://u:p@h",
            "https://u@h",
            "https://h?q",
            "https://h/#f",
            "https://h:99999",
            "https://h:",
            "https://h:x",
            "http://127.0.0.1.evil.example",
            "http://10.0.0.1",
            "https://h h",
            "http://localhost.evil.example",
            "//h",
            "/v1",
            "https://h:-1",
            "https://h:+80",
            "https://h:0",
            "https://h:80:80",
            // Hosts that no certificate can name.
            "https://a,b=",
            "https://...",
            "https://.",
            "https://.a",
            "https://a..b",
            "https://-a",
            "https://*.example",
            "https://$HOST",
            "https://a;b",
            "https://(a)",
            "https://a%20b",
            "https://é.example",
            "https://1.2.3",
            "https://999.1.1.1",
            "https://[]",
            "https://[1.2.3.4]",
            "https://[v1.x]",
            "https://[::1%25eth0]",
            "https://[::1",
            "https://::1",
        ] {
            assert!(BaseUrl::parse(text).is_err(), "{text}");
        }
        for label in [63, 64] {
            let text = format!("https://{}.example", "a".repeat(label));
            assert_eq!(BaseUrl::parse(&text).is_ok(), label == 63, "{text}");
        }
    }
}

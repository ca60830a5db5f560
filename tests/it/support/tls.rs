//! Throw-away certificate authorities, and servers that hold certificates of theirs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

type Authority = CertifiedIssuer<'static, KeyPair>;

static TRUSTED: LazyLock<Authority> = LazyLock::new(|| authority("Harness Authority"));
static NAMESAKE: LazyLock<Authority> = LazyLock::new(|| authority("Harness Authority"));
static STRANGER: LazyLock<Authority> = LazyLock::new(|| authority("Nobody Knows This Authority"));

/// Whether the authority of [`ca_file`] can be made known to the gate: on Windows and macOS the
/// system's store decides, and `SSL_CERT_FILE` means nothing.
pub(crate) const CAN_BE_TRUSTED: bool = !cfg!(any(windows, target_vendor = "apple"));

/// The certificate that a server shows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Certificate {
    /// For `localhost`, `127.0.0.1` and `api.dev.runwayml.com`, from the authority of [`ca_file`].
    Good,
    /// The same, but its time is over.
    Expired,
    /// The same, but its time has not come.
    NotYet,
    /// From the same authority, but for another host.
    WrongName,
    /// For the right host, from an authority that nobody trusts.
    UnknownAuthority,
    /// The same, from an authority with the name of the trusted one and another key.
    Namesake,
    /// For the right host, and of an authority itself, as `openssl req -x509` makes one.
    OfAuthority,
}

/// A server's side of TLS.
pub(crate) fn server(certificate: Certificate) -> Arc<rustls::ServerConfig> {
    server_of(certificate, rustls::DEFAULT_VERSIONS)
}

/// The same with these versions of TLS alone.
pub(crate) fn server_of(
    certificate: Certificate,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Arc<rustls::ServerConfig> {
    let (issuer, names) = match certificate {
        Certificate::WrongName => (&*TRUSTED, vec!["other.example"]),
        Certificate::UnknownAuthority => (&*STRANGER, vec!["localhost", "127.0.0.1"]),
        Certificate::Namesake => (&*NAMESAKE, vec!["localhost", "127.0.0.1"]),
        _ => (
            &*TRUSTED,
            vec!["localhost", "127.0.0.1", "api.dev.runwayml.com"],
        ),
    };
    let names: Vec<String> = names.into_iter().map(String::from).collect();
    let mut params = CertificateParams::new(names).expect("names");
    let (from, to) = match certificate {
        Certificate::Expired => (2019, 2020),
        Certificate::NotYet => (4000, 4001),
        _ => (2020, 4000),
    };
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(to, 1, 1);
    if let Certificate::OfAuthority = certificate {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().expect("a key");
    let leaf = params.signed_by(&key, issuer).expect("a certificate");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .expect("a matching pair");
    Arc::new(config)
}

/// The trusted authority's certificate as a file in this directory, for `SSL_CERT_FILE`.
pub(crate) fn ca_file(directory: &Path) -> PathBuf {
    let file = directory.join("authority.pem");
    std::fs::write(&file, ca_pem()).expect("the authority's certificate");
    file
}

/// The trusted authority's certificate.
pub(crate) fn ca_pem() -> String {
    TRUSTED.pem()
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params.not_before = rcgen::date_time_ymd(2019, 1, 1);
    params.not_after = rcgen::date_time_ymd(4050, 1, 1);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

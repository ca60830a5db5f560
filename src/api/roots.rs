//! The authorities that a server's certificate may come from.

use std::ffi::OsString;

use ureq::tls::RootCerts;

/// A system's store is under 1 MiB.
#[cfg(not(any(windows, target_vendor = "apple")))]
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Why there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoRoots {
    /// What is wrong.
    pub why: String,
    /// The way out.
    pub fix: String,
}

/// On Windows and macOS the platform's own verifier decides, with the authorities of its store;
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` mean nothing there.
///
/// # Errors
///
/// None here.
#[cfg(any(windows, target_vendor = "apple"))]
pub fn load(_variable: &dyn Fn(&str) -> Option<OsString>) -> Result<RootCerts, NoRoots> {
    Ok(RootCerts::PlatformVerifier)
}

/// Elsewhere they come from `SSL_CERT_FILE` and `SSL_CERT_DIR`, or, where neither is set, from
/// the system's certificates; Mozilla's, which are built in, serve a machine that has none.
///
/// # Errors
///
/// Where a variable is set and leads to no certificate.
#[cfg(not(any(windows, target_vendor = "apple")))]
pub fn load(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<RootCerts, NoRoots> {
    use rustls_native_certs::load_certs_from_paths;
    use std::path::PathBuf;
    use ureq::tls::Certificate;

    // Empty is as unset, as everywhere.
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let file = set("SSL_CERT_FILE").map(PathBuf::from);
    let folders = set("SSL_CERT_DIR");
    let mut found = Vec::new();
    if let Some(file) = &file {
        let certificates = from_file(file).map_err(|why| {
            NoRoots::of(
                "SSL_CERT_FILE",
                &format!("no certificate can be read from {}: {why}", file.display()),
            )
        })?;
        found.extend(certificates);
    }
    if let Some(folders) = &folders {
        for folder in std::env::split_paths(folders) {
            found.extend(load_certs_from_paths(None, Some(&folder)).certs);
        }
        if found.is_empty() {
            return Err(NoRoots::of(
                "SSL_CERT_DIR",
                "no certificate can be read from there",
            ));
        }
    }
    if file.is_none() && folders.is_none() {
        // Of a system's one file and its folders, which hold the same, the file is read sooner.
        let system = openssl_probe::probe();
        let files = system.cert_file.iter().map(|file| (Some(file), None));
        let folders = system.cert_dir.iter().map(|folder| (None, Some(folder)));
        found = files
            .chain(folders)
            .map(|(file, folder)| {
                let file = file.map(PathBuf::as_path);
                load_certs_from_paths(file, folder.map(PathBuf::as_path)).certs
            })
            .find(|certificates| !certificates.is_empty())
            .unwrap_or_default();
    }
    if found.is_empty() {
        return Ok(RootCerts::WebPki);
    }
    let owned = |der| Certificate::from_der(der).to_owned();
    Ok(found
        .iter()
        .map(|der| owned(der))
        .collect::<Vec<_>>()
        .into())
}

/// The certificates of a file in PEM form; else why there are none, in our own words: what stands
/// there may be a secret.
#[cfg(not(any(windows, target_vendor = "apple")))]
fn from_file(
    path: &std::path::Path,
) -> Result<Vec<rustls::pki_types::CertificateDer<'static>>, String> {
    use crate::files::{self, Limits, Pipes};
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::CertificateDer;
    use rustls::RootCertStore;

    const GLUED: &str = "-----END CERTIFICATE----------BEGIN CERTIFICATE-----";
    const PARTED: &str = "-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----";
    const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
    let limits = Limits {
        max_bytes: MAX_BYTES,
        pipes: Pipes::Refused,
    };
    let bytes = files::read(path, limits).map_err(|error| error.to_string())?;
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
    let text = String::from_utf8_lossy(bytes);
    let text = if text.contains(GLUED) {
        text.replace(GLUED, PARTED).into()
    } else {
        text
    };
    let read: Result<Vec<CertificateDer>, _> =
        CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let Ok(certificates) = read else {
        return Err("a certificate in it is damaged".to_owned());
    };
    // PEM around anything at all is read as a certificate.
    let proper = |der: &&CertificateDer| RootCertStore::empty().add((*der).clone()).is_ok();
    if certificates.iter().find(proper).is_none() {
        return Err("it holds no certificate in PEM form".to_owned());
    }
    Ok(certificates)
}

#[cfg(not(any(windows, target_vendor = "apple")))]
impl NoRoots {
    fn of(variable: &str, problem: &str) -> Self {
        Self {
            why: format!("{variable} is set, and {problem}"),
            fix: format!(
                "name certificates in PEM form in {variable}, or unset it to use the system's"
            ),
        }
    }
}

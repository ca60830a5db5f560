//! The authorities that a server's certificate may come from.

use std::ffi::OsString;

use ureq::tls::RootCerts;

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
    use rustls::pki_types::CertificateDer;
    use rustls::RootCertStore;
    use rustls_native_certs::load_certs_from_paths;
    use std::path::PathBuf;
    use ureq::tls::Certificate;

    let file = variable("SSL_CERT_FILE").map(PathBuf::from);
    let folders = variable("SSL_CERT_DIR");
    let mut found = Vec::new();
    if let Some(file) = &file {
        let read = load_certs_from_paths(Some(file), None);
        // PEM around anything at all is read as a certificate.
        let proper = |der: &CertificateDer| RootCertStore::empty().add(der.clone()).is_ok();
        if !read.certs.iter().any(proper) {
            let why = match read.errors.first() {
                Some(error) => error.to_string(),
                None => format!("{} holds none", file.display()),
            };
            return Err(NoRoots::of(
                "SSL_CERT_FILE",
                &format!("no certificate can be read from there ({why})"),
            ));
        }
        found.extend(read.certs);
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

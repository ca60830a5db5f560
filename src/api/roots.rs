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

/// Elsewhere they come from `SSL_CERT_FILE` and `SSL_CERT_DIR`, or, if neither is set, from
/// the system's certificates; Mozilla's, which are built in, serve a machine that has none.
///
/// # Errors
///
/// Where a variable is set and leads to no certificate.
#[cfg(not(any(windows, target_vendor = "apple")))]
pub fn load(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<RootCerts, NoRoots> {
    use std::path::PathBuf;

    use ureq::tls::Certificate;

    use self::store::Store;

    // Empty is as unset, as everywhere.
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let file = set("SSL_CERT_FILE").map(PathBuf::from);
    let folders = set("SSL_CERT_DIR");
    let mut store = Store::default();
    if let Some(file) = &file {
        store.add_file_of_user(file).map_err(|why| {
            NoRoots::of(
                "SSL_CERT_FILE",
                &format!("no certificate can be read from {}: {why}", name_of(file)),
            )
        })?;
    }
    if let Some(folders) = &folders {
        let mut problems = Vec::new();
        let mut found = false;
        for folder in std::env::split_paths(folders) {
            match store.add_folder(&folder) {
                Ok(()) => found = true,
                Err(why) => problems.push(format!("{}: {why}", name_of(&folder))),
            }
        }
        // Of several folders, those that a machine does not have may be named for another one.
        if !found {
            let problems = problems.join(", nor from ");
            return Err(NoRoots::of(
                "SSL_CERT_DIR",
                &format!("no certificate can be read from {problems}"),
            ));
        }
    }
    if file.is_none() && folders.is_none() {
        // Of a system's one file and its folders, which hold the same, the file is read sooner.
        let system = openssl_probe::probe();
        let in_file = system.cert_file.is_some_and(|file| store.add_file(&file));
        let mut folders = system.cert_dir.iter();
        // The first that has any serves.
        let _ = in_file || folders.any(|folder| store.add_folder(folder).is_ok());
    }
    if store.is_empty() {
        return Ok(RootCerts::WebPki);
    }
    let owned = |der: Vec<u8>| Certificate::from_der(&der).to_owned();
    Ok(store
        .into_certificates()
        .map(owned)
        .collect::<Vec<_>>()
        .into())
}

/// A path as it may be shown: the variable may hold the certificate itself, or its private key.
#[cfg(not(any(windows, target_vendor = "apple")))]
fn name_of(path: &std::path::Path) -> String {
    let text = path.to_string_lossy();
    let is_path = path.is_absolute() || path.extension().is_some() || path.exists();
    if is_path && !text.contains("-----") {
        text.into_owned()
    } else {
        "its value, which is no path".to_owned()
    }
}

#[cfg(not(any(windows, target_vendor = "apple")))]
mod store {
    use std::collections::BTreeMap;
    use std::path::Path;

    use base64::engine::general_purpose::STANDARD;
    use base64::Engine;
    use memchr::memchr2;
    use rustls::pki_types::CertificateDer;
    use rustls::RootCertStore;

    use crate::files::{self, Limits, Pipes};

    /// A system's store is under 1 MiB.
    const LIMITS: Limits = Limits {
        max_bytes: 8 * 1024 * 1024,
        pipes: Pipes::Refused,
    };

    const NONE: &str = "it holds no certificate in PEM form";

    /// Of almost every certificate, as text.
    const USUAL_LENGTH: usize = 3_072;

    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    const END: &[u8] = b"-----END CERTIFICATE-----";
    const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

    /// Certificates by their text in PEM form, so that none is decoded twice; one that is damaged
    /// is none.
    #[derive(Default)]
    pub(super) struct Store(BTreeMap<Box<[u8]>, Option<Vec<u8>>>);

    impl Store {
        pub(super) fn is_empty(&self) -> bool {
            self.certificates().next().is_none()
        }

        pub(super) fn certificates(&self) -> impl Iterator<Item = &Vec<u8>> {
            self.0.values().flatten()
        }

        /// One after the other, so that the memory of one serves for the next.
        pub(super) fn into_certificates(self) -> impl Iterator<Item = Vec<u8>> {
            self.0.into_values().flatten()
        }

        /// How many are damaged.
        pub(super) fn damaged(&self) -> usize {
            self.0.values().filter(|der| der.is_none()).count()
        }

        /// The certificates of a file, which is the first; else why there are none, in our own
        /// words: what stands there may be a secret.
        pub(super) fn add_file_of_user(&mut self, path: &Path) -> Result<(), String> {
            let pem = files::read(path, LIMITS)?;
            self.add(&pem);
            if self.damaged() > 0 {
                return Err("a certificate in it is damaged".to_owned());
            }
            // PEM around anything at all is read as a certificate.
            let is_proper = |der: &Vec<u8>| {
                let der = CertificateDer::from_slice(der);
                RootCertStore::empty().add(der).is_ok()
            };
            if !self.certificates().any(is_proper) {
                return Err(NONE.to_owned());
            }
            Ok(())
        }

        /// The certificates of a file; whether there are any.
        pub(super) fn add_file(&mut self, path: &Path) -> bool {
            files::read(path, LIMITS).is_ok_and(|pem| self.add(&pem))
        }

        /// Those of every file in a folder; else why there are none.
        pub(super) fn add_folder(&mut self, path: &Path) -> Result<(), String> {
            let entries = std::fs::read_dir(path).map_err(|error| files::why(&error))?;
            let mut found = false;
            for entry in entries.flatten() {
                found |= self.add_file(&entry.path());
            }
            found.then_some(()).ok_or_else(|| NONE.to_owned())
        }

        /// The certificates of a text; whether there are any, which may be known already.
        pub(super) fn add(&mut self, pem: &[u8]) -> bool {
            let mut found = false;
            let mut rest = pem.strip_prefix(BYTE_ORDER_MARK).unwrap_or(pem);
            let mut text = Vec::with_capacity(USUAL_LENGTH);
            let mut has_begun = false;
            while !rest.is_empty() {
                let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                let (line, after) = rest.split_at_checked(end).unwrap_or_default();
                rest = after.get(1..).unwrap_or_default();
                let line = line.trim_ascii();
                if !line.starts_with(b"-") {
                    if has_begun {
                        text.extend_from_slice(line);
                    }
                    continue;
                }
                if line.starts_with(END) && has_begun {
                    has_begun = false;
                    found |= match self.0.get(text.as_slice()) {
                        Some(known) => known.is_some(),
                        None => {
                            let der = STANDARD.decode(&text).ok();
                            let is_proper = der.is_some();
                            self.0.insert(text.as_slice().into(), der);
                            is_proper
                        }
                    };
                }
                // Two may be glued together without a line break.
                if line.ends_with(BEGIN) {
                    self.add_cut_off(has_begun, &text);
                    has_begun = true;
                    text.clear();
                }
            }
            self.add_cut_off(has_begun, &text);
            found
        }

        fn add_cut_off(&mut self, has_begun: bool, text: &[u8]) {
            if has_begun {
                self.0.entry(text.into()).or_insert(None);
            }
        }
    }
}

#[cfg(not(any(windows, target_vendor = "apple")))]
impl NoRoots {
    fn of(variable: &str, problem: &str) -> Self {
        Self {
            why: format!("{variable} is set, but {problem}"),
            fix: format!(
                "name certificates in PEM form in {variable}, or unset it to use the system's"
            ),
        }
    }
}

#[cfg(all(test, not(any(windows, target_vendor = "apple"))))]
mod tests {
    use super::store::Store;

    fn pem(body: &str) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    }

    #[test]
    fn certificates_are_found_in_any_usual_text() {
        let (one, other) = (pem("AAAA"), pem("AQID\nBAUG"));
        let cut_off = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        for (text, found, damaged) in [
            (String::new(), 0, 0),
            (format!("# one\n{one}\n# other\n{other}"), 2, 0),
            (format!("\u{feff}{one}"), 1, 0),
            (one.replace('\n', "\r\n"), 1, 0),
            (one.replace('\n', "\r"), 1, 0),
            (one.replace('\n', " \n "), 1, 0),
            (format!("{}{other}", one.trim_end()), 2, 0),
            (format!("{one}{one}"), 1, 0),
            (pem("AA=="), 1, 0),
            (pem("AA*A"), 0, 1),
            (pem("AAA"), 0, 1),
            (cut_off.to_owned(), 0, 1),
            (format!("{other}{cut_off}{other}"), 1, 1),
            (one.replace("CERTIFICATE", "PRIVATE KEY"), 0, 0),
            (one.replace('\n', " "), 0, 0),
        ] {
            let mut store = Store::default();
            store.add(text.as_bytes());
            let all = (store.certificates().count(), store.damaged());
            assert_eq!(all, (found, damaged), "{text:?}");
        }
    }

    #[test]
    fn what_stands_in_file_and_folder_is_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let in_folder = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path
        };
        let bundle = in_folder("bundle.crt", &format!("{}{}", pem("AAAA"), pem("AQID")));
        in_folder("0a1b2c3d.0", &pem("AQID"));
        in_folder("4e5f6a7b.0", &pem("BAUG"));
        let mut store = Store::default();
        assert!(store.add_file(&bundle));
        assert_eq!(store.add_folder(folder.path()), Ok(()));
        assert_eq!(store.add_folder(folder.path()), Ok(()), "known already");
        assert_eq!(store.certificates().count(), 3);
    }
}

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

#[cfg(not(any(windows, target_vendor = "apple")))]
pub use self::pem::load;

#[cfg(not(any(windows, target_vendor = "apple")))]
mod pem {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::CertificateDer;
    use rustls::RootCertStore;
    use ureq::tls::Certificate;

    use super::{NoRoots, OsString, RootCerts};
    use crate::files::{self, Limits, Pipes};

    /// A system's store is under 1 MiB.
    const LIMITS: Limits = Limits {
        max_bytes: 8 * 1024 * 1024,
        pipes: Pipes::Refused,
    };

    const NONE: &str = "it holds no certificate in PEM form";
    pub(super) const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    pub(super) const END: &str = "-----END CERTIFICATE-----";

    /// Elsewhere they come from `SSL_CERT_FILE` and `SSL_CERT_DIR`, or, if neither is set, from
    /// the system's certificates; Mozilla's, which are built in, serve a machine that has none.
    ///
    /// # Errors
    ///
    /// Where a variable is set and leads to no certificate.
    pub fn load(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<RootCerts, NoRoots> {
        // Empty is as unset, as everywhere.
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let file = set("SSL_CERT_FILE").map(PathBuf::from);
        let folders = set("SSL_CERT_DIR");
        let mut store = Store::default();
        if let Some(file) = &file {
            let added = store.add_file(file);
            added.map_err(|why| none("SSL_CERT_FILE", &format!("{}: {why}", name_of(file))))?;
        }
        if let Some(folders) = &folders {
            let folders: Vec<PathBuf> = std::env::split_paths(folders).collect();
            let tried = folders.iter().filter_map(|folder| {
                let why = store.add_folder(folder).err()?;
                Some(format!("{}: {why}", name_of(folder)))
            });
            let problems: Vec<String> = tried.collect();
            // Of several folders, those that a machine does not have may be named for another one.
            if problems.len() == folders.len() {
                return Err(none("SSL_CERT_DIR", &problems.join(", nor from ")));
            }
        }
        if file.is_none() && folders.is_none() {
            // A system's one file and its folders hold the same; the file is read sooner.
            let system = openssl_probe::probe();
            if let Some(file) = system.cert_file {
                store.add(&file).unwrap_or(false);
            }
            let mut folders = system.cert_dir.iter();
            // The first that has any serves.
            let _ = !store.certificates.is_empty()
                || folders.any(|folder| store.add_folder(folder).is_ok());
        }
        if store.certificates.is_empty() {
            return Ok(RootCerts::WebPki);
        }
        let certificates = store.certificates.iter();
        let owned = certificates.map(|der| Certificate::from_der(der).to_owned());
        Ok(owned.collect::<Vec<_>>().into())
    }

    fn none(variable: &str, problem: &str) -> NoRoots {
        NoRoots {
            why: format!("{variable} is set, but no certificate can be read from {problem}"),
            fix: format!(
                "name certificates in PEM form in {variable}, or unset it to use the system's"
            ),
        }
    }

    /// A path as it may be shown: the variable may hold the certificate itself, or its private key.
    fn name_of(path: &Path) -> String {
        let text = path.to_string_lossy();
        let is_path = path.is_absolute() || path.extension().is_some() || path.exists();
        if is_path && !text.contains("-----") {
            text.into_owned()
        } else {
            "its value, which is no path".to_owned()
        }
    }

    /// Certificates, each once, and the files that they are from, by the paths that links lead to.
    #[derive(Default)]
    pub(super) struct Store {
        pub(super) certificates: BTreeSet<Vec<u8>>,
        pub(super) files: BTreeSet<PathBuf>,
        /// What is marked as a certificate, and cannot be decoded.
        pub(super) damaged: usize,
    }

    impl Store {
        /// What the user names, before all else; otherwise why there is nothing, in our own words:
        /// what stands there may be a secret.
        pub(super) fn add_file(&mut self, path: &Path) -> Result<(), String> {
            let found = self.add(path)?;
            match self.damaged {
                0 => found.then_some(()).ok_or_else(|| NONE.to_owned()),
                _ => Err("a certificate in it is damaged".to_owned()),
            }
        }

        /// Those of every file in a folder; otherwise why there are none.
        pub(super) fn add_folder(&mut self, path: &Path) -> Result<(), String> {
            let entries = std::fs::read_dir(path);
            let entries = entries.map_err(|error| files::why(&error))?;
            let mut found = false;
            for entry in entries.flatten() {
                found |= self.add(&entry.path()).unwrap_or(false);
            }
            found.then_some(()).ok_or_else(|| NONE.to_owned())
        }

        /// Adds what a file holds; whether that is any certificate.
        fn add(&mut self, path: &Path) -> Result<bool, String> {
            let real = path.canonicalize().map_err(|error| files::why(&error))?;
            if self.files.contains(&real) {
                return Ok(true);
            }
            let found = self.add_text(&String::from_utf8_lossy(&files::read(path, LIMITS)?));
            if found {
                self.files.insert(real);
            }
            Ok(found)
        }

        pub(super) fn add_text(&mut self, text: &str) -> bool {
            let mut found = false;
            for section in text.split(BEGIN).skip(1) {
                let body = section.split_once(END).map(|(body, _)| body);
                let pem = body.map(|body| format!("{BEGIN}\n{body}\n{END}\n"));
                let der = pem.and_then(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).ok());
                let Some(der) = der else {
                    self.damaged = self.damaged.saturating_add(1);
                    continue;
                };
                // Anything at all can be decoded.
                if RootCertStore::empty().add(der.clone()).is_ok() {
                    self.certificates.insert(der.to_vec());
                    found = true;
                }
            }
            found
        }
    }
}

#[cfg(test)]
#[cfg(not(any(windows, target_vendor = "apple")))]
mod tests {
    use super::pem::{Store, BEGIN, END};

    /// An authority's certificate.
    fn pem(name: &str) -> String {
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("no names");
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        certificate.pem().replace("\r\n", "\n")
    }

    #[test]
    fn certificates_are_found_in_any_usual_text() {
        let (one, other) = (pem("One"), pem("Other"));
        let cut_off = one.get(..100).expect("a part");
        let around = |body: &str| format!("{BEGIN}\n{body}\n{END}\n");
        for (text, certificates, damaged) in [
            (String::new(), 0, 0),
            (format!("# one\n{one}\n# other\n{other}"), 2, 0),
            (format!("\u{feff}{one}"), 1, 0),
            (one.replace('\n', "\r\n"), 1, 0),
            (one.replace('\n', "\r"), 1, 0),
            (one.replace('\n', " \n "), 1, 0),
            (format!("{}{other}", one.trim_end()), 2, 0),
            (format!("{one}{one}"), 1, 0),
            (around("AA=="), 0, 0),
            (around("AA*A"), 0, 1),
            (around("AAA"), 0, 0),
            (cut_off.to_owned(), 0, 1),
            (format!("{other}{cut_off}{other}"), 1, 1),
            (one.replace("CERTIFICATE", "PRIVATE KEY"), 0, 0),
        ] {
            let mut store = Store::default();
            store.add_text(&text);
            let found = (store.certificates.len(), store.damaged);
            assert_eq!(found, (certificates, damaged), "{text:?}");
        }
    }

    #[test]
    fn what_stands_in_file_and_folder_is_read_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let in_folder = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path
        };
        let (one, two, three) = (pem("One"), pem("Two"), pem("Three"));
        let bundle = in_folder("bundle.crt", &format!("{one}{two}"));
        let two = in_folder("two.pem", &two);
        in_folder("4e5f6a7b.0", &three);
        std::os::unix::fs::symlink(&two, folder.path().join("0a1b2c3d.0")).expect("a link");
        std::os::unix::fs::symlink(&bundle, folder.path().join("ca.crt")).expect("a link");
        let mut store = Store::default();
        assert_eq!(store.add_file(&bundle), Ok(()));
        assert_eq!(store.add_folder(folder.path()), Ok(()));
        assert_eq!(store.add_folder(folder.path()), Ok(()), "known already");
        assert_eq!((store.certificates.len(), store.files.len()), (3, 3));
    }
}

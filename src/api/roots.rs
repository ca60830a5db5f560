//! The authorities that a server's certificate may come from.

use std::ffi::OsString;

use ureq::tls::RootCerts;

use crate::diagnostic::Fault;

/// On Windows and macOS the platform's own verifier decides, with the authorities of its store;
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` mean nothing there.
///
/// # Errors
///
/// None here.
#[cfg(any(windows, target_vendor = "apple"))]
pub fn load(_variable: &dyn Fn(&str) -> Option<OsString>) -> Result<RootCerts, Fault> {
    Ok(RootCerts::PlatformVerifier)
}

#[cfg(not(any(windows, target_vendor = "apple")))]
pub use self::pem::load;

#[cfg(not(any(windows, target_vendor = "apple")))]
mod pem {
    use std::collections::{BTreeSet, HashSet};
    use std::path::{Path, PathBuf};

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::CertificateDer;
    use rustls::RootCertStore;
    use ureq::tls::Certificate;

    use super::{Fault, OsString, RootCerts};
    use crate::files;

    /// A system's store is under 1 MiB.
    const MAX_BYTES: u64 = 8 * 1024 * 1024;

    type Certificates = Vec<CertificateDer<'static>>;

    /// What is marked as certificates and can be decoded; otherwise why there are none.
    type Found = Result<Certificates, String>;

    /// Elsewhere they come from `SSL_CERT_FILE` and `SSL_CERT_DIR`, or, if neither is set, from
    /// the system's certificates; Mozilla's, which are built in, serve a machine that has none.
    ///
    /// # Errors
    ///
    /// Where a variable is set and leads to no certificate.
    pub fn load(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<RootCerts, Fault> {
        // Empty is as unset, as everywhere.
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let (file, folders) = (set("SSL_CERT_FILE"), set("SSL_CERT_DIR"));
        let mut found = Certificates::new();
        let mut read = HashSet::new();
        if file.is_none() && folders.is_none() {
            // A system's one file and its folders hold the same; the file is read sooner.
            let system = openssl_probe::probe();
            let of_file = system.cert_file.and_then(|file| of_file(&file, false).ok());
            let mut folders = system.cert_dir.iter();
            let of_folder = || folders.find_map(|folder| of_folder(folder, &mut read).ok());
            found = of_file.or_else(of_folder).unwrap_or_default();
        }
        if let Some(file) = file.as_deref().map(Path::new) {
            let none = |why| none("SSL_CERT_FILE", &format!("{}: {why}", name_of(file)));
            found = of_file(file, true).map_err(none)?;
            read.extend(file.canonicalize());
        }
        if let Some(folders) = folders {
            let mut problems = Vec::new();
            let mut any = false;
            // Of several folders, those that a machine does not have may be named for another one.
            for folder in std::env::split_paths(&folders) {
                match of_folder(&folder, &mut read) {
                    Ok(certificates) => {
                        found.extend(certificates);
                        any = true;
                    }
                    Err(why) => problems.push(format!("{}: {why}", name_of(&folder))),
                }
            }
            if !any {
                return Err(none("SSL_CERT_DIR", &problems.join(", nor from ")));
            }
        }
        if found.is_empty() {
            return Ok(RootCerts::WebPki);
        }
        // Each once, as a file and a folder hold the same.
        let mut known = BTreeSet::new();
        let new = found.iter().map(AsRef::<[u8]>::as_ref);
        let new = new.filter(|der| known.insert(*der));
        let owned = new.map(|der| Certificate::from_der(der).to_owned());
        Ok(owned.collect::<Vec<_>>().into())
    }

    fn none(variable: &str, problem: &str) -> Fault {
        let fix = "name certificates in PEM form in";
        let fix = format!("{fix} {variable}, or unset it to use the system's");
        Fault::Tls {
            why: format!("{variable} is set, but no certificate can be read from {problem}"),
            fix: Some(fix),
            to_proxy: false,
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

    /// Those of a file, none of which may be damaged if the user names it; otherwise why there are
    /// none, in our own words: what stands there may be a secret.
    fn of_file(path: &Path, named: bool) -> Found {
        let bytes = files::read(path, MAX_BYTES, None)?;
        let found = of_bytes(&bytes);
        if named && found.contains(&None) {
            return Err("a certificate in it is damaged".to_owned());
        }
        unless_none(found.into_iter().flatten().collect(), false)
    }

    /// Those of every file in a folder that was not read before, under whatever name; otherwise why
    /// there are none.
    pub(super) fn of_folder(path: &Path, read: &mut HashSet<PathBuf>) -> Found {
        let entries = std::fs::read_dir(path).map_err(|error| files::why(&error))?;
        let paths = entries.flatten().map(|entry| entry.path().canonicalize());
        let mut found = Certificates::new();
        let mut known = false;
        for path in paths.flatten() {
            if read.contains(&path) {
                known = true;
            } else if let Ok(certificates) = of_file(&path, false) {
                found.extend(certificates);
                read.insert(path);
            }
        }
        unless_none(found, known)
    }

    /// An error where there are none, and none were known before.
    fn unless_none(found: Certificates, known: bool) -> Found {
        let why = || "it holds no certificate in PEM form".to_owned();
        // Any base64 can be decoded; what is no certificate is left out later.
        let is_one = |der: &CertificateDer| RootCertStore::empty().add(der.clone()).is_ok();
        let any = known || found.iter().any(is_one);
        any.then_some(found).ok_or_else(why)
    }

    /// What is marked as a certificate; `None` where it cannot be decoded.
    pub(super) fn of_bytes(bytes: &[u8]) -> Vec<Option<CertificateDer<'static>>> {
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let sections = CertificateDer::pem_slice_iter(bytes);
        sections.map(Result::ok).collect()
    }
}

#[cfg(test)]
#[cfg(not(any(windows, target_vendor = "apple")))]
mod tests {
    use std::collections::HashSet;

    use super::pem::{of_bytes, of_folder};

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
        let around = |body: &str| {
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
        };
        for (text, certificates, damaged) in [
            (String::new(), 0, false),
            (format!("# one\n{one}\n# other\n{other}"), 2, false),
            (format!("\u{feff}{one}"), 1, false),
            (one.replace('\n', "\r\n"), 1, false),
            (one.replace('\n', "\r"), 1, false),
            (one.replace('\n', " \n"), 1, false),
            (one.replace('\n', "\n "), 0, true),
            (format!("{}{other}", one.trim_end()), 1, false),
            (format!("{one}{one}"), 2, false),
            (around("AA=="), 1, false),
            (around("AA*A"), 0, true),
            (around("AAA"), 1, false),
            (cut_off.to_owned(), 0, true),
            (format!("{other}{cut_off}{other}"), 1, true),
            (one.replace("CERTIFICATE", "PRIVATE KEY"), 0, false),
        ] {
            let found = of_bytes(text.as_bytes());
            let found = (found.iter().flatten().count(), found.contains(&None));
            assert_eq!(found, (certificates, damaged), "{text:?}");
        }
    }

    #[test]
    fn a_file_of_several_names_is_read_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let in_folder = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path
        };
        let bundle = in_folder("bundle.crt", &format!("{}{}", pem("One"), pem("Two")));
        let three = in_folder("three.pem", &pem("Three"));
        in_folder("notes.txt", "no certificate");
        std::os::unix::fs::symlink(&three, folder.path().join("0a1b2c3d.0")).expect("a link");
        std::os::unix::fs::symlink(&bundle, folder.path().join("ca.crt")).expect("a link");
        let mut read = HashSet::from([bundle.canonicalize().expect("a path")]);
        let found = |read: &mut HashSet<_>| of_folder(folder.path(), read).map(|found| found.len());
        assert_eq!(found(&mut read), Ok(1), "the bundle is known");
        assert_eq!(read.len(), 2);
        assert_eq!(found(&mut read), Ok(0), "all are known");
    }
}

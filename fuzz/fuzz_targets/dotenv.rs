//! `.env` and key files: what is taken for the key is one word, and is known to the redaction.

#![no_main]

use std::cell::OnceCell;
use std::path::PathBuf;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use runway_preflight::credentials::Places;
use runway_preflight::redact::Redactor;

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

fn file() -> PathBuf {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| tempfile::tempdir().expect("a folder"));
        folder.path().join("file")
    })
}

fuzz_target!(|bytes: &[u8]| {
    let file = file();
    std::fs::write(&file, bytes).expect("a file");
    let missing = file.with_extension("missing");
    for (key_file, dotenv) in [(None, &file), (Some(&*file), &missing)] {
        let places = Places::read(&|_| None, key_file, dotenv, false, Duration::from_secs(1));
        let secrets = &places.secrets;
        if let Ok((key, _)) = places.key() {
            let bearer = key.bearer();
            let key = bearer.strip_prefix("Bearer ").expect("a header");
            assert!(!key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()));
            // What stands for a key may hold a short one.
            let is_long = key.len() >= 8;
            assert!(!is_long || !Redactor::new(secrets).redact(key).contains(key));
        }
    }
});

//! The two documents that a run reads, and where each comes from.

use std::path::{Path, PathBuf};

/// The version of the API that this speaks.
pub const API_VERSION: &str = "2024-11-06";

/// One of the two answers of Runway's API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Document {
    /// Limits and balance.
    #[default]
    Organization,
    /// The credit history.
    Usage,
}

impl Document {
    /// The request that it answers, below the path of a base URL.
    pub fn request(self, path: &str) -> String {
        match self {
            Self::Organization => format!("GET {path}/v1/organization"),
            Self::Usage => format!("POST {path}/v1/organization/usage"),
        }
    }
}

/// Where a document comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Runway is asked.
    Runway,
    /// A saved answer.
    File(PathBuf),
    /// A saved answer on standard input.
    Stdin,
    /// The built-in answer of `--demo`.
    Demo,
}

impl Source {
    /// The file's name, `standard input`, `built-in answer`, or the name to use for Runway. It may be foreign text.
    pub fn name(&self, runway: &str) -> String {
        match self {
            Self::Runway => runway.to_owned(),
            Self::Stdin => "standard input".to_owned(),
            Self::Demo => "built-in answer".to_owned(),
            Self::File(path) => path.to_string_lossy().into_owned(),
        }
    }

    /// The file's path.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            _ => None,
        }
    }
}

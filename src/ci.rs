//! What a run does for the CI system that it runs in, and what it knows of others.

mod github;

use std::ffi::OsString;

use crate::credentials::KeyHint;

pub use self::github::{CiFile, GitHub};

/// The environment: the value of a variable, if it is set.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// What a CI system sets, and where its secrets come from: one a line.
const SYSTEMS: &str = "\
GITHUB_ACTIONS: store the key as a secret, and set RUNWAYML_API_SECRET: ${{ secrets.RUNWAYML_API_SECRET }} in the step's env
GITLAB_CI: add RUNWAYML_API_SECRET with the key at Settings → CI/CD → Variables, without setting it in .gitlab-ci.yml
TF_BUILD: add the secret variable RUNWAYML_API_SECRET to the pipeline, and set RUNWAYML_API_SECRET: $(RUNWAYML_API_SECRET) in the step's env
JENKINS_URL: add the key as a secret text, and set RUNWAYML_API_SECRET = credentials('ID') in environment
TEAMCITY_VERSION: add the parameter env.RUNWAYML_API_SECRET of type password with the key
CODEBUILD_BUILD_ID: name the key's secret as RUNWAYML_API_SECRET under env/secrets-manager in the buildspec
CIRCLECI: add RUNWAYML_API_SECRET with the key to the project's environment variables or a context
BITBUCKET_BUILD_NUMBER: add RUNWAYML_API_SECRET with the key to the repository variables, secured
BUILDKITE: set RUNWAYML_API_SECRET to the key by a secret of the cluster or a hook of the agent
";

/// Those of them that do not all set `CI`.
const TOLD_BY: &str = "GITHUB_ACTIONS TF_BUILD JENKINS_URL TEAMCITY_VERSION CODEBUILD_BUILD_ID";

/// Whether this runs in a CI system.
pub fn is_ci(variable: Variables) -> bool {
    let says_so = variable("CI")
        .is_some_and(|value| !["", "false", "0"].contains(&&*value.to_string_lossy()));
    says_so || TOLD_BY.split(' ').any(|name| is_set(variable, name))
}

/// How the CI system gives a run its key.
pub fn key_advice(variable: Variables) -> Option<&'static str> {
    let mut systems = SYSTEMS.lines().filter_map(|line| line.split_once(": "));
    let (_, advice) = systems.find(|(name, _)| is_set(variable, name))?;
    Some(advice)
}

/// Why the CI system may have given the run no key.
pub fn key_hints(variable: Variables) -> Vec<KeyHint> {
    let mut hints = github::key_hints(variable);
    if is(variable, "CI_COMMIT_REF_PROTECTED", "false") {
        hints.push(KeyHint::NotProtected);
    }
    if is_set(variable, "TF_BUILD") {
        hints.push(KeyHint::NotMapped);
    }
    hints
}

fn is(variable: Variables, name: &str, value: &str) -> bool {
    variable(name).is_some_and(|found| found == value)
}

fn is_set(variable: Variables, name: &str) -> bool {
    variable(name).is_some_and(|value| !value.is_empty())
}

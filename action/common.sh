#!/usr/bin/env bash
# What install.sh and build.sh share; they source this file. It stops where the Action cannot work at all.
#
# Bash 3.2 (macOS) and Git Bash (Windows) run these files.
set -euo pipefail

here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
root=${here%/*}

stop() {
  printf '::error title=runway-preflight::%s\n' "${1//'%'/%25}" >&2
  exit 1
}

need() { # TOOL...
  local tool missing=
  for tool; do
    if ! command -v "$tool" >/dev/null; then missing="$missing, $tool"; fi
  done
  if ! command -v sha256sum >/dev/null && ! command -v shasum >/dev/null && ! command -v openssl >/dev/null; then
    missing="$missing, sha256sum (or shasum, or openssl)"
  fi
  if [ -n "$missing" ]; then stop "missing here: ${missing#, }; install it in an earlier step, or use an image that has it"; fi
}

need awk chmod cp cut env find mkdir mktemp mv rm sort uname

version=$(awk -F '"' '/^version = / { print $2; exit }' "$root/Cargo.toml")
suffix=
if [ "$RUNNER_OS" = Windows ]; then suffix=.exe; fi

say() { printf 'runway-preflight %s: %s\n' "$version" "$1" >&2; }

output() { printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"; } # NAME VALUE

sha256() { "$BASH" "$here/sha256.sh" "$1"; } # FILE

found() { # BINARY
  output binary "$1"
  exit 0
}

# The store lies in RUNNER_TEMP, which a runner empties before and after each job. In the workspace a checkout could bring
# a binary along.
case ${RUNNER_TEMP-} in
  /* | [A-Za-z]:[\\/]*) ;;
  *) stop 'RUNNER_TEMP does not name a folder, and the binary is kept nowhere else: run this on a runner of GitHub Actions' ;;
esac
temp=$(cd "$RUNNER_TEMP" 2>/dev/null && pwd -P) || stop "RUNNER_TEMP is $RUNNER_TEMP, which is not a folder"
if [ -n "${GITHUB_WORKSPACE-}" ] && workspace=$(cd "$GITHUB_WORKSPACE" 2>/dev/null && pwd -P); then
  case $temp/ in
    "$workspace"/*) stop "RUNNER_TEMP is $RUNNER_TEMP, inside the workspace: a checkout could bring a binary along" ;;
  esac
fi
store=$temp/runway-preflight
if [ -L "$store" ]; then stop "$store is a symbolic link, and nothing is written through one"; fi
mkdir -p "$store" || stop "$store could not be made"
# What is written is written in a new folder, and then moved.
work=$(mktemp -d "$store/XXXXXXXX")
trap 'rm -rf "$work"' EXIT

digest=$("$BASH" "$here/sha256.sh" --source "$root") || stop 'the SHA-256 of the source could not be made: the log above says why'
# What a build leaves behind, and what the cache keeps: the binary, and its SHA-256.
built=$store/source-$digest
binary=$built/runway-preflight$suffix

is() { [ ! -L "$1" ] && [ -f "$1" ] && [ "$(sha256 "$1")" = "$2" ]; } # FILE SHA256

# clean COMMAND...: with what a download or a build needs of the environment, and nothing else: no key, and no settings that
# were meant for the workspace's own crates. CARGO_HOME and RUSTUP_HOME say where cargo is.
clean() (
  local name kept=()
  shopt -s nocasematch
  for name in $(compgen -e); do
    case $name in
      PATH | HOME | USER | LOGNAME | LANG | LC_ALL | TMPDIR | TEMP | TMP | CARGO_HOME | RUSTUP_HOME | DEVELOPER_DIR) ;;
      HTTP_PROXY | HTTPS_PROXY | ALL_PROXY | NO_PROXY | SSL_CERT_FILE | SSL_CERT_DIR | CURL_CA_BUNDLE | NODE_EXTRA_CA_CERTS) ;;
      # Windows
      APPDATA | LOCALAPPDATA | COMMONPROGRAM* | PROGRAMDATA | PROGRAMFILES | PROGRAMW6432 | COMSPEC | PATHEXT | WINDIR) ;;
      SYSTEMROOT | SYSTEMDRIVE | USERPROFILE | HOMEDRIVE | HOMEPATH | NUMBER_OF_PROCESSORS | PROCESSOR_ARCHITECTURE | OS) ;;
      *) continue ;;
    esac
    kept+=("$name=${!name-}")
  done
  # Bash does not know a variable of this name; the search for Microsoft's linker does.
  if [ -n "$suffix" ]; then kept+=("ProgramFiles(x86)=$(printenv 'ProgramFiles(x86)' || true)"); fi
  exec env -i "${kept[@]}" "$@"
)

# use_built WHEN: ends here with the binary that was built from this source before, if there is one that runs here.
use_built() {
  local sum=
  if [ -L "$built" ]; then stop "$built is a symbolic link, and nothing is read through one"; fi
  if [ ! -e "$binary" ] && [ ! -L "$binary" ]; then return 0; fi
  if [ -f "$built/sha256" ] && [ ! -L "$built/sha256" ]; then read -r sum <"$built/sha256" || true; fi
  if ! is "$binary" "$sum"; then
    stop "the binary in $built does not have the SHA-256 that stands beside it: something has changed it; if it came from the cache, delete that entry"
  fi
  if ! clean "$binary" --version >/dev/null 2>&1; then
    say "the binary that $1 has built does not run here"
    return 0
  fi
  say "using the binary that $1 has built, SHA-256 $sum"
  found "$binary"
}

#!/usr/bin/env bash
# Names the command's path in the step's output `binary`: a released one where checksums.txt knows an asset for this runner,
# built from the very source that stands here; else one that is built from that source. An asset with another checksum is never
# a reason to build: somebody has to look at it.
#
# Bash 3.2 (macOS) and Git Bash (Windows) run this file.

# As in run.sh: nothing of the caller's shell.
{ POSIXLY_CORRECT='' && set +vx; } >/dev/null 2>&1
if [[ ${1-} != clean ]]; then exec "$BASH" -p "$0" clean; fi
unset POSIXLY_CORRECT BASH_COMPAT BASH_ENV CDPATH ENV EXECIGNORE FUNCNEST GLOBIGNORE TMOUT
set -euo pipefail

here=$(cd "${0%/*}" && pwd)
root=${here%/*}
suffix=
if [ "$RUNNER_OS" = Windows ]; then suffix=.exe; fi

stop() {
  printf '::error title=runway-preflight::%s\n' "${1//'%'/%25}" >&2
  exit 1
}

say() { printf 'runway-preflight: %s\n' "$1" >&2; }

# What a checkout brings along decides nothing here: no folder of the workspace, and none with a relative name.
workspace=$(cd "${GITHUB_WORKSPACE:-/nowhere}" 2>/dev/null && pwd -P) || workspace=/nowhere
inside() { # FOLDER
  local folder
  case $1 in
    /* | [A-Za-z]:[\\/]*) folder=$(cd "$1" 2>/dev/null && pwd -P) || folder=$1 ;;
    *) return 0 ;;
  esac
  case $folder/ in
    "$workspace"/* | "${GITHUB_WORKSPACE:-/nowhere}"/*) return 0 ;;
  esac
  return 1
}

path=
rest=$PATH:
while [ -n "$rest" ]; do
  folder=${rest%%:*}
  rest=${rest#*:}
  if ! inside "$folder"; then path=$path:$folder; fi
done
export PATH=${path#:}

# clean COMMAND...: with what a download or a build needs of the environment, and nothing else: no key, and no setting that was
# meant for the workspace's own crates. CARGO_HOME and RUSTUP_HOME say where cargo is.
kept=("PATH=$PATH")
shopt -s nocasematch
for name in $(compgen -e); do
  case $name in
    HOME | TMPDIR | TEMP | TMP | CARGO_HOME | RUSTUP_HOME | DEVELOPER_DIR | APPDATA | LOCALAPPDATA | USERPROFILE)
      if inside "${!name-}"; then continue; fi
      ;;
    USER | LOGNAME | LANG | LC_ALL | SSL_CERT_FILE | SSL_CERT_DIR | CURL_CA_BUNDLE | NODE_EXTRA_CA_CERTS) ;;
    HTTP_PROXY | HTTPS_PROXY | ALL_PROXY | NO_PROXY) ;;
    # Windows
    COMMONPROGRAM* | PROGRAMDATA | PROGRAMFILES | PROGRAMW6432 | COMSPEC | PATHEXT | WINDIR | SYSTEMROOT | SYSTEMDRIVE) ;;
    HOMEDRIVE | HOMEPATH | NUMBER_OF_PROCESSORS | PROCESSOR_ARCHITECTURE | OS) ;;
    *) continue ;;
  esac
  kept+=("$name=${!name-}")
done
shopt -u nocasematch
# Bash knows no variable of this name; the search for Microsoft's linker does.
if [ -n "$suffix" ]; then kept+=("ProgramFiles(x86)=$(printenv 'ProgramFiles(x86)' || true)"); fi
clean() { env -i "${kept[@]}" "$@"; }

sha256() { "$BASH" -p "$here/sha256.sh" "$@"; } # FILE, or --source ROOT

# The runner empties RUNNER_TEMP before and after each job. Its tool cache may outlive the job: there binaries are kept.
if inside "${RUNNER_TEMP-}" || [ ! -d "$RUNNER_TEMP" ]; then
  stop "RUNNER_TEMP is \"${RUNNER_TEMP-}\", and has to be a folder outside of the workspace, as a runner of GitHub Actions has it"
fi
temp=$(cd "$RUNNER_TEMP" && pwd)
work=$(mktemp -d "$temp/runway-preflight-XXXXXXXX")
trap 'rm -rf "$work"' EXIT

store=$temp/runway-preflight
if ! inside "${RUNNER_TOOL_CACHE-}" && mkdir -p "$RUNNER_TOOL_CACHE" 2>/dev/null && [ -w "$RUNNER_TOOL_CACHE" ]; then
  store=$(cd "$RUNNER_TOOL_CACHE" && pwd)/runway-preflight
fi
if [ -L "$store" ]; then stop "$store is a symbolic link, and nothing is written through one"; fi
mkdir -p "$store" || stop "$store could not be made"

keep() { # FILE STORED
  local new
  new=$(mktemp "$store/new-XXXXXXXX")
  if ! { cp "$1" "$new" && chmod 755 "$new" && mv -f "$new" "$2"; }; then stop "$2 could not be written"; fi
}

# use STORED SHA256: ends here with this binary, unless it does not run here.
use() {
  if [ -L "$1" ] || [ ! -f "$1" ] || [ "$(sha256 "$1")" != "$2" ]; then
    stop "the checksum of $1 does not hold: something has changed it since it was stored; find out what, and delete it"
  fi
  if clean "$1" --version >/dev/null 2>&1; then
    say "using $1"
    printf 'binary=%s\n' "$1" >>"$GITHUB_OUTPUT"
    exit 0
  fi
  say "$1 does not run here"
}

listed() { awk -v name="$1" '$2 == name { print $1 }' "$here/checksums.txt"; }

version=$(awk -F '"' '/^version = / { print $2; exit }' "$root/Cargo.toml")
digest=$(sha256 --source "$root") || stop 'the SHA-256 of the source could not be made: the log above says why'

# Where assets are downloaded from, in this order: on GitHub Enterprise Server a mirror there comes first.
servers=("${GITHUB_SERVER_URL:-https://github.com}")
if [ "${servers[0]}" != https://github.com ]; then servers+=(https://github.com); fi

# None of them reads a file or a setting of the workspace.
fetch() { # TOOL URL FILE
  case $1 in
    curl)
      clean curl --disable --proto =https --proto-redir =https --location --fail --silent --show-error \
        --connect-timeout 10 --max-time 60 --retry 2 --retry-delay 1 --output "$3" "$2"
      ;;
    # Not wget's own -T, of which a BusyBox without time limits dies.
    wget) clean timeout 60 wget -q -t 3 -O "$3" "$2" ;;
    python3)
      clean python3 -I -c 'import sys, urllib.request; sys.tracebacklimit = 0
open(sys.argv[2], "wb").write(urllib.request.urlopen(sys.argv[1], timeout=20).read())' "$2" "$3"
      ;;
    node)
      clean env NODE_USE_ENV_PROXY=1 node -e 'fetch(process.argv[1], { signal: AbortSignal.timeout(60000) })
  .then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject("HTTP status " + answer.status)))
  .then((body) => require("node:fs").writeFileSync(process.argv[2], Buffer.from(body)))
  .catch((error) => { console.error(String(error.cause ?? error)); process.exit(1); })' "$2" "$3"
      ;;
  esac
}

download() { # URL FILE
  local tool code
  for tool in curl wget python3 node; do
    if ! command -v "$tool" >/dev/null; then continue; fi
    code=0
    fetch "$tool" "$1" "$2" || code=$?
    if [ "$code" = 0 ]; then return 0; fi
    say "${1##*/} could not be downloaded ($tool ended with $code)"
    reason="$reason; $1: $tool ended with $code"
    # What one tool lacks (TLS, certificates), the next may have. Where the server or the network said no, it is no.
    case $tool/$code in
      */1 | curl/2 | curl/35 | curl/60 | curl/77 | wget/5 | */126 | */127) ;;
      *) return 1 ;;
    esac
  done
  return 1
}

# take_released ASSET SHA256: ends here with the asset. Returns with $reason where it cannot be had.
take_released() {
  local stored=$store/$2-$1 server sum wrong=
  reason="$1 could not be downloaded"
  advice='let this runner reach one of these addresses, with curl, wget, python3 or node'
  for server in "${servers[@]}"; do
    if [ -e "$stored" ] || [ -L "$stored" ]; then break; fi
    server=$server/${ACTION_REPOSITORY:-$GITHUB_REPOSITORY}/releases/download/v$version/$1
    say "downloading $server"
    if ! download "$server" "$work/$1"; then continue; fi
    sum=$(sha256 "$work/$1")
    if [ "$sum" = "$2" ]; then keep "$work/$1" "$stored"; else wrong="$wrong; $server has $sum"; fi
  done
  if [ -e "$stored" ] || [ -L "$stored" ]; then use "$stored" "$2" && reason="$1 does not run here"; fi
  if [ -n "$wrong" ]; then stop "the checksum of $1 does not hold: its SHA-256 is $2 in action/checksums.txt$wrong"; fi
}

asset=$(awk -F '"' -v wanted="$RUNNER_OS/$RUNNER_ARCH" '
  $1 == "triple = " { triple = $2 }
  $1 == "action = " && $2 == wanted { print "runway-preflight-" triple (triple ~ /windows/ ? ".exe" : "") }
' "$root/packaging/targets.toml")
reason="no binary is released for $RUNNER_OS $RUNNER_ARCH"
advice='run this on a system that has a release'
if [ -n "$asset" ]; then
  reason="no released binary is known for this source on $RUNNER_OS $RUNNER_ARCH"
  advice='use a release of the Action (its tag, or the commit of that)'
  expected=$(listed "$asset")
  if [ "$(listed source)" = "$digest" ] && [ -n "$expected" ]; then take_released "$asset" "$expected"; fi
fi
say "$reason"

for file in "$store/source-$digest-"*; do
  if [ ! -e "$file" ] && [ ! -L "$file" ]; then continue; fi
  sum=${file##*-}
  use "$file" "${sum%"$suffix"}"
done

if ! command -v cargo >/dev/null; then
  stop "$reason, and it cannot be built from source here, since there is no cargo outside of the workspace: install Rust in an earlier step, or $advice"
fi
# A copy of what the digest covers, so that nothing else takes part: no workspace that the Action lies in.
source=$work/source
mkdir "$source"
cp -R "$root/Cargo.toml" "$root/Cargo.lock" "$root/src" "$root/examples" "$source/"
if [ "$(sha256 --source "$source")" != "$digest" ]; then stop 'the source changed while it was copied'; fi
grep -q '^\[workspace' "$source/Cargo.toml" || printf '\n[workspace]\n' >>"$source/Cargo.toml"

say 'building from source: cargo build --release --locked'
echo "::group::cargo build --release --locked"
SECONDS=0
# Cargo reads the configuration of the folder that it runs in and of all above it, and rustup the toolchain.
(cd / && clean cargo build --release --locked --manifest-path "$source/Cargo.toml" --target-dir "$work/target") ||
  stop 'runway-preflight could not be built from source: the log above says why'
echo '::endgroup::'
printf '::warning title=Built from source::%s\n' "${reason//'%'/%25}, so it was built from source, which took $SECONDS seconds; a runner that keeps its tool cache keeps it. To download a released binary in a second, ${advice//'%'/%25}" >&2

binary=$work/target/release/runway-preflight$suffix
sum=$(sha256 "$binary")
keep "$binary" "$store/source-$digest-$sum$suffix"
use "$store/source-$digest-$sum$suffix" "$sum"
stop 'what was built does not run here'

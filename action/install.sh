#!/usr/bin/env bash
# Finds the binary for this runner and tells its path in the step's output `binary`.
#
# checksums.txt decides: where it knows an asset for this system, built from the very source that stands here, that
# asset is downloaded and checked. Otherwise, and where the download fails, the source is built. An asset with another
# checksum is never a reason to build: somebody has to look at it.
#
# Bash 3.2 (macOS) and Git Bash (Windows) run this file.
set -euo pipefail

# Neither curl nor the build scripts of our dependencies have any business with the key.
unset RUNWAYML_API_SECRET

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
version=$(awk -F '"' '/^version = / { print $2; exit }' "$root/Cargo.toml")
suffix=
if [ "$RUNNER_OS" = Windows ]; then suffix=.exe; fi
# A runner empties RUNNER_TEMP before and after each job, so that nobody else's job can leave a binary there.
store=$(cd "$RUNNER_TEMP" && pwd)/runway-preflight
mkdir -p "$store"

say() { printf 'runway-preflight %s: %s\n' "$version" "$1" >&2; }

stop() {
  printf '::error title=runway-preflight::%s\n' "$1" >&2
  exit 1
}

found() {
  printf 'binary=%s\n' "$1" >>"$GITHUB_OUTPUT"
  exit 0
}

listed() { awk -v name="$1" '$2 == name { print $1 }' "$here/checksums.txt"; }

download() { # ASSET FILE
  local proto='=https'
  local releases=${GITHUB_SERVER_URL:-https://github.com}/${ACTION_REPOSITORY:-$GITHUB_REPOSITORY}/releases/download
  # For the tests: another place to download from, on this machine only.
  if [ -n "${RUNWAY_PREFLIGHT_RELEASES-}" ]; then
    if ! [[ $RUNWAY_PREFLIGHT_RELEASES =~ ^http://127\.0\.0\.1:[0-9]+$ ]]; then
      stop 'RUNWAY_PREFLIGHT_RELEASES must be http://127.0.0.1:PORT'
    fi
    proto='=http'
    releases=$RUNWAY_PREFLIGHT_RELEASES
  fi
  curl --disable --noproxy 127.0.0.1 --proto "$proto" --proto-redir "$proto" --location --fail --silent --show-error \
    --connect-timeout 10 --max-time 60 --retry 2 --retry-delay 1 --output "$2" "$releases/v$version/$1"
}

# take_released ASSET SHA256: downloads the asset, unless an earlier step of this job has, and checks it.
take_released() {
  local binary=$store/$1 actual
  if [ ! -f "$binary" ]; then
    say "downloading $1"
    download "$1" "$binary.part" || {
      say "$1 could not be downloaded (curl ended with $?)"
      rm -f "$binary.part"
      return 0
    }
    mv -f "$binary.part" "$binary"
  fi
  actual=$("$BASH" "$here/sha256.sh" "$binary")
  if [ "$actual" != "$2" ]; then
    rm -f "$binary"
    stop "the checksum of $1 does not hold: its SHA-256 is $actual, but $2 in action/checksums.txt"
  fi
  chmod +x "$binary"
  say "$1, SHA-256 $2"
  found "$binary"
}

build() { # BINARY
  if ! command -v cargo >/dev/null; then
    stop 'runway-preflight has to be built from source here, and there is no cargo: install Rust in an earlier step'
  fi
  say 'building from source: cargo build --release --locked'
  echo '::group::cargo build --release --locked'
  (
    # In its own folder, so that no toolchain file of the workspace decides; and without flags that were meant for the
    # workspace's own crates, such as -D warnings.
    cd "$root" || exit
    unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_BUILD_TARGET
    cargo build --release --locked --target-dir "$store/target"
  ) || stop 'runway-preflight could not be built from source: the log above says why'
  echo '::endgroup::'
  mv -f "$store/target/release/runway-preflight$suffix" "$1"
  rm -rf "$store/target"
}

digest=$("$BASH" "$here/sha256.sh" --source "$root")
asset=$("$BASH" "$here/target.sh" "$RUNNER_OS" "$RUNNER_ARCH") || asset=
expected=
if [ -n "$asset" ] && [ "$(listed source)" = "$digest" ]; then expected=$(listed "$asset"); fi

if [ -n "$expected" ]; then
  take_released "$asset" "$expected"
else
  say "no released binary is known for this source on $RUNNER_OS $RUNNER_ARCH"
fi

binary=$store/source-$digest$suffix
if [ -f "$binary" ]; then
  say 'using the binary that this job has built before'
else
  build "$binary"
fi
found "$binary"

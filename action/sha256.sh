#!/usr/bin/env bash
# sha256.sh FILE: the SHA-256 of a file.
# sha256.sh --source ROOT: one SHA-256 over all that a build of ROOT is made from.
set -euo pipefail

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c 1-64
}

if [ "$1" = --source ]; then
  cd "$2"
  find Cargo.toml Cargo.lock src -type f | LC_ALL=C sort | while IFS= read -r file; do
    printf '%s\n' "$file"
    cat "$file"
  done | sha256
else
  sha256 <"$1"
fi

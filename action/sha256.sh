#!/usr/bin/env bash
# sha256.sh FILE: the SHA-256 of a file.
# sha256.sh --source ROOT: one SHA-256 over all that a build of ROOT is made from.
set -euo pipefail

# Each prints a line a file, which begins with the digest and a blank.
if command -v sha256sum >/dev/null; then
  sums=(sha256sum)
elif command -v shasum >/dev/null; then
  sums=(shasum -a 256)
elif command -v openssl >/dev/null; then
  sums=(openssl dgst -sha256 -r)
else
  echo 'sha256.sh: there is no sha256sum, shasum or openssl' >&2
  exit 1
fi

if [ "$1" != --source ]; then
  "${sums[@]}" <"$1" | cut -c 1-64
  exit
fi

cd "$2"
parts=(Cargo.toml Cargo.lock src examples)
# What a link points to could change without the digest.
odd=$(find "${parts[@]}" ! -type d ! -type f)
if [ -n "$odd" ]; then
  echo "sha256.sh: not a regular file: $odd" >&2
  exit 1
fi
list=$(find "${parts[@]}" -type f | LC_ALL=C sort)
files=()
while IFS= read -r file; do files+=("$file"); done <<<"$list"
# The digest and the name of each file: bytes that move from one to the next change it. Not the tool's own form of the line,
# since each marks a binary file in another way.
"${sums[@]}" "${files[@]}" | while read -r sum file; do printf '%s  %s\n' "$sum" "${file#\*}"; done | "${sums[@]}" | cut -c 1-64

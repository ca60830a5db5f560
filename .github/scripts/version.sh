#!/usr/bin/env bash
# version.sh: the version that the next release has: the one in Cargo.toml, without its -dev. It must not be out yet.
# version.sh --set VERSION: writes a version into Cargo.toml and Cargo.lock.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
current=$(awk -F '"' '/^version = / { print $2; exit }' Cargo.toml)

stop() {
  printf '::error::%s\n' "$1" >&2
  exit 1
}

replace_in() { # FILE AWK_PROGRAM
  awk -v version="$version" "$2" "$1" >"$1.new"
  mv "$1.new" "$1"
}

if [ "${1-}" = --set ]; then
  version=$2
  # shellcheck disable=SC2016 # awk's own $0
  replace_in Cargo.toml '!done && /^version = / { $0 = "version = \"" version "\""; done = 1 } { print }'
  # shellcheck disable=SC2016
  replace_in Cargo.lock '
    ours && /^version = / { $0 = "version = \"" version "\"" }
    { ours = ($0 == "name = \"runway-preflight\""); print }'
  exit 0
fi

version=${current%-dev}
if [ "$version" = "$current" ]; then stop "Cargo.toml holds $current: only a -dev version can be released"; fi
if ! [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]; then stop "$version is not MAJOR.MINOR.PATCH"; fi
found=0
git ls-remote --exit-code --quiet origin "refs/tags/v$version" >/dev/null || found=$?
case $found in
  2) ;; # git's word for no such tag
  0) stop "v$version is out already: raise the version in Cargo.toml" ;;
  *) stop "the tags of origin cannot be read" ;;
esac
echo "$version"

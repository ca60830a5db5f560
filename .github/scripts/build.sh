#!/usr/bin/env bash
# build.sh VERSION ASSET: builds one asset of a release into dist/, and tries it.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=$1
asset=$2
target=${asset#runway-preflight-}
target=${target%.exe}
suffix=
case $target in
  *-windows-msvc)
    suffix=.exe
    export RUSTFLAGS='-C target-feature=+crt-static'
    ;;
  *-linux-musl)
    # The C parts of the cryptography need a compiler for musl.
    export "CC_${target//-/_}=musl-gcc"
    ;;
esac

bash .github/scripts/version.sh --set "$version"
rustup target add "$target"
cargo build --release --locked --target "$target"
mkdir -p dist
cp "target/$target/release/runway-preflight$suffix" "dist/$asset"

said=$("dist/$asset" --version)
if [[ $said != *"$version"* ]]; then
  echo "::error::$asset says that it is '$said', not $version" >&2
  exit 1
fi
if [[ $target == *-linux-musl ]] && ! file "dist/$asset" | grep -E 'statically linked|static-pie linked' >/dev/null; then
  echo "::error::$asset is not static" >&2
  exit 1
fi

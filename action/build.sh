#!/usr/bin/env bash
# Takes the binary that an earlier run built from this source, as the cache has brought it back, else builds it. Names its
# path in the step's output `binary`; `built` says that it is new.
# shellcheck source=action/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

use_built 'an earlier run'

if ! command -v cargo >/dev/null; then
  stop "$REASON, and it cannot be built from source here, since there is no cargo: install Rust in an earlier step, or $ADVICE"
fi

# A copy of what the digest covers, so that nothing else takes part: no workspace that the Action lies in.
source=$work/source
"$BASH" "$here/sha256.sh" --list "$root" >"$work/list"
while IFS= read -r file; do
  case $file in
    */*) folder=$source/${file%/*} ;;
    *) folder=$source ;;
  esac
  if [ ! -d "$folder" ]; then mkdir -p "$folder"; fi
  cp "$root/$file" "$folder/"
done <"$work/list"
if [ "$("$BASH" "$here/sha256.sh" --source "$source")" != "$digest" ]; then stop 'the source changed while it was copied'; fi
if ! awk '/^\[workspace/ { found = 1 } END { exit !found }' "$source/Cargo.toml"; then
  printf '\n[workspace]\n' >>"$source/Cargo.toml"
fi

arguments=(build --release --locked --manifest-path "$source/Cargo.toml" --target-dir "$work/target")
for file in config.toml config; do
  if [ -f "$source/.cargo/$file" ]; then arguments+=(--config "$source/.cargo/$file"); fi
done

say 'building from source: cargo build --release --locked'
echo "::group::cargo build --release --locked"
SECONDS=0
(
  # Cargo reads the configuration of the folder that it runs in and of all above it, and rustup the toolchain.
  cd /
  clean cargo "${arguments[@]}"
) || stop 'runway-preflight could not be built from source: the log above says why'
echo '::endgroup::'

mkdir "$work/built"
mv "$work/target/release/runway-preflight$suffix" "$work/built/"
sha256 "$work/built/runway-preflight$suffix" >"$work/built/sha256"
rm -rf "$built"
mv "$work/built" "$built"

printf '::warning title=Built from source::%s\n' "${REASON//'%'/%25}, so it was built from source, which took $SECONDS seconds; the cache keeps it for later runs. To download a released binary in a second, ${ADVICE//'%'/%25}" >&2
output built true
found "$binary"

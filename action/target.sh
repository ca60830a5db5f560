#!/usr/bin/env bash
# target.sh OS ARCH: the name of the released asset for a runner, as RUNNER_OS and RUNNER_ARCH name it; from the table in
# packaging/targets.toml. Prints nothing, and fails, for a system that no asset is released for.
set -euo pipefail

awk -F '"' -v wanted="$1/$2" '
  $1 == "triple = " { triple = $2 }
  $1 == "action = " && $2 == wanted { asset = "runway-preflight-" triple (triple ~ /windows/ ? ".exe" : "") }
  END { if (asset == "") exit 1; print asset }
' "${BASH_SOURCE[0]%/*}/../packaging/targets.toml"

#!/usr/bin/env bash
# Finds a released binary for this runner and names its path in the step's output `binary`. Where there is none, the outputs
# say what build.sh and the cache need: `reason`, `advice`, `path` and `key`.
#
# checksums.txt decides: where it knows an asset for this system, built from the very source that stands here, that
# asset is downloaded and checked. An asset with another checksum is never a reason to build: somebody has to check it.
#
# Each line of checksums.txt is a SHA-256, and what has it: `source`, an asset of this version, or an asset of another
# one (v1.2.3/ASSET), which the input `version` can name.
# shellcheck source=action/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

listed() { awk -v name="$1" '$2 == name { print $1 }' "$here/checksums.txt"; }
releases_listed() {
  awk '$2 ~ /^v.*\// { sub("^v", "", $2); sub("/.*", "", $2); if (!seen[$2]++) { printf "%s%s", comma, $2; comma = ", " } }' \
    "$here/checksums.txt"
}

# Where assets are downloaded from, in this order: on GitHub Enterprise Server a mirror there comes first.
servers=("${GITHUB_SERVER_URL:-https://github.com}")
if [ "${servers[0]}" != https://github.com ]; then servers+=(https://github.com); fi
folder=/${ACTION_REPOSITORY:-$GITHUB_REPOSITORY}/releases/download
proto='=https'
# For the tests: other servers, on this machine only.
if [ -n "${RUNWAY_PREFLIGHT_RELEASES-}" ]; then
  servers=()
  for server in $RUNWAY_PREFLIGHT_RELEASES; do
    if ! [[ $server =~ ^http://127\.0\.0\.1:[0-9]+$ ]]; then stop 'RUNWAY_PREFLIGHT_RELEASES must be http://127.0.0.1:PORT'; fi
    servers+=("$server")
  done
  folder=
  proto='=http'
  export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
fi

# Whole answers only, errors in a line, and 22 for an answer that says no, as curl ends. Python and Node.js read no file and
# no setting of the workspace.
python='
import sys, urllib.error, urllib.request
try:
    with urllib.request.urlopen(sys.argv[1], timeout=20) as answer, open(sys.argv[2], "wb") as file:
        file.write(answer.read())
except Exception as error:
    print(error, file=sys.stderr)
    sys.exit(22 if isinstance(error, urllib.error.HTTPError) else 1)'
# shellcheck disable=SC2016 # JavaScript's own
javascript='
const fail = (code, message) => {
  console.error(message);
  process.exit(code);
};
fetch(process.argv[1], { signal: AbortSignal.timeout(60000) })
  .then((answer) => (answer.ok ? answer.arrayBuffer() : fail(22, `HTTP status ${answer.status}`)))
  .then((body) => require("node:fs").writeFileSync(process.argv[2], Buffer.from(body)))
  .catch((error) => fail(1, String(error.cause ?? error)));'

tools=()
for tool in curl wget python3 node; do
  if command -v "$tool" >/dev/null; then tools+=("$tool"); fi
done
limit=$(command -v timeout || true)

run() { # TOOL URL FILE
  case $1 in
    curl)
      clean curl --disable --proto "$proto" --proto-redir "$proto" --location --fail --silent --show-error \
        --connect-timeout 10 --max-time 60 --retry 2 --retry-delay 1 --output "$3" "$2"
      ;;
    # Not -T, of which a BusyBox without timeouts dies.
    wget) clean ${limit:+"$limit" 60} wget -q -t 3 -O "$3" "$2" ;;
    python3) clean python3 -I -c "$python" "$2" "$3" ;;
    node) clean env NODE_USE_ENV_PROXY=1 node -e "$javascript" "$2" "$3" ;;
  esac
}

download() { # URL FILE
  local tool code
  for tool in "${tools[@]}"; do
    code=0
    run "$tool" "$1" "$2" || code=$?
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

# take_released VERSION ASSET SHA256: ends here with the asset, downloaded unless an earlier step of this job has. Returns
# with $reason where it cannot be had.
take_released() {
  local stored=$store/$3-$2 server sum wrong=
  if [ -e "$stored" ] || [ -L "$stored" ]; then
    if ! is "$stored" "$3"; then stop "the checksum of $2 does not hold any more: something in this job has changed $stored"; fi
    say "$2, SHA-256 $3"
    found "$stored"
  fi
  if [ "${#tools[@]}" = 0 ]; then
    reason="$2 could not be downloaded, since there is no curl, wget, python3 or node here"
    advice='install one of them in an earlier step'
    return 0
  fi
  reason="$2 could not be downloaded"
  advice='let this runner reach one of these addresses'
  for server in "${servers[@]}"; do
    server=$server$folder/v$1/$2
    say "downloading $server"
    if ! download "$server" "$work/$2"; then continue; fi
    sum=$(sha256 "$work/$2")
    if [ "$sum" = "$3" ]; then
      chmod +x "$work/$2"
      mv -f "$work/$2" "$stored"
      say "$2, SHA-256 $3"
      found "$stored"
    fi
    wrong="$wrong; $server has $sum"
  done
  if [ -n "$wrong" ]; then stop "the checksum of $2 does not hold: its SHA-256 is $3 in action/checksums.txt$wrong"; fi
}

asset=$("$BASH" "$here/target.sh" "$RUNNER_OS" "$RUNNER_ARCH") || asset=
reason="no binary is released for $RUNNER_OS $RUNNER_ARCH"
advice='run this on a system that has a release'

wanted=${INPUT_VERSION-}
wanted=${wanted//[[:space:]]/}
wanted=${wanted#v}
if [ -n "$wanted" ]; then
  if ! [[ $wanted =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]; then stop 'the input version takes the number of a release, such as 1.2.3'; fi
  if [ -z "$asset" ]; then stop "the input version: $reason"; fi
  expected=$(listed "v$wanted/$asset")
  if [ "$wanted" = "$version" ]; then expected=$(listed "$asset"); fi
  if [ -z "$expected" ]; then
    known=$(releases_listed)
    stop "the input version: this commit of the Action knows no checksum of $asset in $wanted${known:+; it knows the releases $known}"
  fi
  take_released "$wanted" "$asset" "$expected"
  stop "the input version: $reason"
fi

if [ -n "$asset" ]; then
  reason="no released binary is known for this source on $RUNNER_OS $RUNNER_ARCH"
  known=$(releases_listed)
  advice="use a release of the Action (its tag, or the commit of that)${known:+, or name one in the input version: $known}"
  if [ "$(listed source)" = "$digest" ]; then
    expected=$(listed "$asset")
    if [ -n "$expected" ]; then take_released "$version" "$asset" "$expected"; fi
  fi
fi

say "$reason"
use_built 'an earlier step of this job'

# A binary built on one system need not run on another: the name of the system, and its distribution, are part of the key.
{
  uname -sm
  if [ -f /etc/os-release ]; then printf '%s\n' "$(</etc/os-release)"; fi
} >"$work/system"
system=$(sha256 "$work/system")
output reason "$reason"
output advice "$advice"
output path "$RUNNER_TEMP/runway-preflight/source-$digest"
output key "runway-preflight-$RUNNER_OS-$RUNNER_ARCH-${system:0:16}-$digest"

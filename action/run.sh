#!/usr/bin/env bash
# Turns the Action's inputs (INPUT_NAME) into flags, and runs the gate.
#
# Every flag is one word, --name=value, so that no value can become a flag or a command.
# Bash 3.2 (macOS) and Git Bash (Windows) run this file.
set -euo pipefail

flags=()
newline=$'\n'
carriage_return=$'\r'

# A wrong input is a wrong command line that the command never sees: told once, with the same outputs.
stop() {
  printf '::error title=runway-preflight::%s\n' "$1" >&2
  if [ "${GITHUB_ACTIONS-}" = true ] && [ -n "${GITHUB_OUTPUT-}" ]; then
    printf 'pass=false\nexit-code=2\n' >>"$GITHUB_OUTPUT" || true
  fi
  exit 2
}

trim() { # TEXT, into $trimmed
  trimmed=${1#"${1%%[![:space:]]*}"}
  trimmed=${trimmed%"${trimmed##*[![:space:]]}"}
}

# each_line TEXT COMMAND...: runs COMMAND... LINE for each line that is not blank, trimmed.
each_line() {
  local rest=$1$newline line
  shift
  while [ -n "$rest" ]; do
    line=${rest%%"$newline"*}
    trim "$line"
    rest=${rest#*"$newline"}
    if [ -n "$trimmed" ]; then "$@" "$trimmed"; fi
  done
}

flag() { flags+=("--$1=$2"); } # NAME VALUE
several() { each_line "$2" flag "$1"; }

one() { # NAME VALUE
  trim "$2"
  if [ -n "$trimmed" ]; then flag "$1" "$trimmed"; fi
}

is_true() { # NAME VALUE DEFAULT
  trim "$2"
  case ${trimmed:-$3} in
    true) return 0 ;;
    false) return 1 ;;
    *) stop "the input $1 takes true or false, and nothing else" ;;
  esac
}

switch() { if is_true "$1" "$2" false; then flags+=("--$1"); fi; } # NAME VALUE

# shellcheck disable=SC2329 # each_line runs it
mask() { # LINE of the key
  local line=${1//'%'/%25}
  printf '::add-mask::%s\n' "${line//$carriage_return/%0D}"
}

several generations "${INPUT_GENERATIONS-}"
one credits "${INPUT_CREDITS-}"
several concurrency "${INPUT_CONCURRENCY-}"
one budget "${INPUT_BUDGET-}"
several warn-generations "${INPUT_WARN_GENERATIONS-}"
one warn-credits "${INPUT_WARN_CREDITS-}"
one wait "${INPUT_WAIT-}"
one interval "${INPUT_INTERVAL-}"
one timeout "${INPUT_TIMEOUT-}"
switch fail-open "${INPUT_FAIL_OPEN-}"
one missing-key "${INPUT_MISSING_KEY-}"
one from "${INPUT_FROM-}"
one usage-from "${INPUT_USAGE_FROM-}"
one usage "${INPUT_USAGE-}"
switch tiers "${INPUT_TIERS-}"
one format "${INPUT_FORMAT-}"
switch quiet "${INPUT_QUIET-}"
one base-url "${INPUT_BASE_URL-}"
one key-file "${INPUT_KEY_FILE-}"
stay_green=true
if is_true fail "${INPUT_FAIL-}" true; then stay_green=false; fi

# An empty api-secret must not hide the key of the step's environment.
trim "${INPUT_API_SECRET-}"
if [ -n "$trimmed" ]; then
  if [ "${GITHUB_ACTIONS-}" = true ]; then each_line "$INPUT_API_SECRET" mask; fi
  export RUNWAYML_API_SECRET=$INPUT_API_SECRET
fi
unset INPUT_API_SECRET trimmed

code=0
"$PREFLIGHT" ${flags[@]+"${flags[@]}"} || code=$?
if $stay_green; then
  case $code in
    3 | 4 | 5 | 6)
      echo "runway-preflight: exit code $code; the step stays green, since its input fail is false" >&2
      code=0
      ;;
  esac
fi
exit "$code"

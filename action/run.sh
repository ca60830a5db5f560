#!/usr/bin/env bash
# Turns the Action's inputs (INPUT_NAME) into flags, and runs the gate.
#
# Every flag is one word, --name=value, so that no value can become a flag or a command.
# Bash 3.2 (macOS) and Git Bash (Windows) run this file.
set -euo pipefail

: "${PREFLIGHT:?}"
flags=()
inputs=()
asked=false
newline=$'\n'
carriage_return=$'\r'

# A wrong input is a wrong command line that the command never sees: reported once, with the same outputs and summary.
stop() {
  printf '::error title=runway-preflight::%s\n' "$1" >&2
  if [ "${GITHUB_ACTIONS-}" = true ]; then
    if [ -n "${GITHUB_OUTPUT-}" ]; then printf 'pass=false\nexit-code=2\n' >>"$GITHUB_OUTPUT" || true; fi
    if [ -n "${GITHUB_STEP_SUMMARY-}" ]; then
      printf '## Runway preflight: ❌ Wrong input\n\nerror: %s\n' "$1" >>"$GITHUB_STEP_SUMMARY" || true
    fi
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

flag() { # NAME VALUE
  flags+=("--$1=$2")
  case $1 in
    generations | plan | credits | keep | max-cost | concurrency | budget | warn-* | usage) asked=true ;;
  esac
}

several() { # NAME VALUE
  inputs+=("$1")
  each_line "$2" flag "$1"
}

one() { # NAME VALUE
  inputs+=("$1")
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

switch() { # NAME VALUE
  inputs+=("$1")
  if is_true "$1" "$2" false; then
    flags+=("--$1")
    if [ "$1" = tiers ]; then asked=true; fi
  fi
}

# shellcheck disable=SC2329 # each_line runs it
mask() { # LINE of the key
  local line=${1//'%'/%25}
  printf '::add-mask::%s\n' "${line//$carriage_return/%0D}"
}

# in_words_of_inputs LINE, into $line: what the command says of a wrong flag, said of the input that it came from.
in_words_of_inputs() {
  local name part rest example=
  line=${1/error: --/error: the input }
  line=${line/Wrong command line/Wrong input}
  rest=${line#*example: runway-preflight}
  if [ "$rest" != "$line" ]; then
    line=${line%"$rest"}
    while [ -n "$rest" ]; do
      rest=${rest# --}
      part=${rest%% --*}
      rest=${rest#"$part"}
      name=${part%% *}
      part=${part#"$name"}
      part=${part# }
      example="$example, $name: ${part:-true}"
    done
    line=${line%runway-preflight}${example#, }
  fi
  for name in "${inputs[@]}"; do line=${line//--$name/$name}; done
}

# GitHub reads annotations on standard error as they come, and so does this.
report_errors() {
  local line
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      '::error title=runway-preflight usage::'*) in_words_of_inputs "$line" ;;
    esac
    printf '%s\n' "$line"
  done
}

rewrite_summary() {
  local line text=
  if [ ! -f "${GITHUB_STEP_SUMMARY-}" ]; then return 0; fi
  while IFS= read -r line || [ -n "$line" ]; do
    in_words_of_inputs "$line"
    text=$text$line$newline
  done <"$GITHUB_STEP_SUMMARY"
  printf '%s' "$text" >"$GITHUB_STEP_SUMMARY"
}

# With a label the command names its outputs LABEL-pass and so on. A step that uses the Action has an id of its own.
copy_outputs_without() { # LABEL
  local line text=
  if [ -z "$1" ] || [ ! -f "${GITHUB_OUTPUT-}" ]; then return 0; fi
  while IFS= read -r line; do
    case $line in
      "$1-"*) text=$text${line#"$1-"}$newline ;;
    esac
  done <"$GITHUB_OUTPUT"
  if [ -n "$text" ]; then printf '%s' "$text" >>"$GITHUB_OUTPUT"; fi
}

several generations "${INPUT_GENERATIONS-}"
one plan "${INPUT_PLAN-}"
several price "${INPUT_PRICE-}"
one credits "${INPUT_CREDITS-}"
one keep "${INPUT_KEEP-}"
one max-cost "${INPUT_MAX_COST-}"
several concurrency "${INPUT_CONCURRENCY-}"
one budget "${INPUT_BUDGET-}"
several warn-generations "${INPUT_WARN_GENERATIONS-}"
one warn-credits "${INPUT_WARN_CREDITS-}"
one warn-lasts "${INPUT_WARN_LASTS-}"
one wait "${INPUT_WAIT-}"
one interval "${INPUT_INTERVAL-}"
one timeout "${INPUT_TIMEOUT-}"
switch fail-open "${INPUT_FAIL_OPEN-}"
one missing-key "${INPUT_MISSING_KEY-}"
one from "${INPUT_FROM-}"
one usage "${INPUT_USAGE-}"
switch tiers "${INPUT_TIERS-}"
one format "${INPUT_FORMAT-}"
one color "${INPUT_COLOR-}"
several write "${INPUT_WRITE-}"
one label "${INPUT_LABEL-}"
label=$trimmed
switch quiet "${INPUT_QUIET-}"
switch verbose "${INPUT_VERBOSE-}"
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

if ! $asked; then
  printf '::warning title=Nothing was asked for::%s\n' \
    'none of the inputs that ask for something (generations, credits and the like) has a value, so only the key and the balance are checked; a variable that is not set leaves an input empty' >&2
fi

code=0
{
  "$PREFLIGHT" ${flags[@]+"${flags[@]}"} 2>&1 >&3 3>&- | report_errors >&2 || code=${PIPESTATUS[0]}
} 3>&1
if ! copy_outputs_without "$label" && [ "$code" = 0 ]; then
  printf '::error title=report-failed::the outputs of this step could not be written\n' >&2
  code=5
fi
if [ "$code" = 2 ]; then rewrite_summary || true; fi
if $stay_green; then
  case $code in
    3 | 4 | 5 | 6)
      echo "runway-preflight: exit code $code; the step stays green, since its input fail is false" >&2
      code=0
      ;;
  esac
fi
exit "$code"

#!/usr/bin/env bash
# Turns the Action's inputs (INPUT_NAME) into flags, and runs the gate. Each input that is not empty is one word, --name=value,
# handed on whole. The key is in the environment of the command, and this shell never expands it.
# Bash 3.2 (macOS) and Git Bash (Windows) run this file.

# Nothing of the caller's shell may trace this, or stand in for its commands: no SHELLOPTS, no BASH_ENV, no function. In POSIX
# mode none stands before `set` and `exec`.
{ POSIXLY_CORRECT='' && set +vx; } >/dev/null 2>&1
if [[ ${1-} != clean ]]; then exec "$BASH" -p "$0" clean; fi
unset POSIXLY_CORRECT BASH_COMPAT BASH_ENV CDPATH ENV EXECIGNORE FUNCNEST GLOBIGNORE TMOUT
set -euo pipefail

flags=()
asked=false
wrong=false

blank() { [ -z "${1//[[:space:]]/}" ]; } # VALUE

word() { # NAME WORD
  flags+=("$2")
  case $1 in
    generations | plan | max-cost | credits | keep | concurrency | budget | warn-* | usage | tiers) asked=true ;;
  esac
}

value() { if ! blank "$2"; then word "$1" "--$1=$2"; fi; } # NAME VALUE

# A wrong one is handed on as well: the command stops there, says so, and leaves no earlier go in the files that it writes.
switch() { # NAME VALUE FLAG
  case $2 in
    true) word "$1" "$3" ;;
    false) ;;
    *) if ! blank "$2"; then wrong=true && word "$1" "--$1=$2"; fi ;;
  esac
}

value generations "${INPUT_GENERATIONS-}"
value plan "${INPUT_PLAN-}"
value plan-min "${INPUT_PLAN_MIN-}"
value price "${INPUT_PRICE-}"
value max-cost "${INPUT_MAX_COST-}"
value credits "${INPUT_CREDITS-}"
value keep "${INPUT_KEEP-}"
value concurrency "${INPUT_CONCURRENCY-}"
value budget "${INPUT_BUDGET-}"
value warn-generations "${INPUT_WARN_GENERATIONS-}"
value warn-credits "${INPUT_WARN_CREDITS-}"
value warn-lasts "${INPUT_WARN_LASTS-}"
value wait "${INPUT_WAIT-}"
value interval "${INPUT_INTERVAL-}"
value timeout "${INPUT_TIMEOUT-}"
switch fail-open "${INPUT_FAIL_OPEN-}" --fail-open
value missing-key "${INPUT_MISSING_KEY-}"
value from "${INPUT_FROM-}"
value usage "${INPUT_USAGE-}"
switch tiers "${INPUT_TIERS-}" --tiers
value format "${INPUT_FORMAT-}"
value write "${INPUT_WRITE-}"
value label "${INPUT_LABEL-}"
value color "${INPUT_COLOR-}"
switch quiet "${INPUT_QUIET-}" --quiet
switch verbose "${INPUT_VERBOSE-}" -v
value base-url "${INPUT_BASE_URL-}"
value key-file "${INPUT_KEY_FILE-}"

stay_green=false
case ${INPUT_FAIL-} in
  false) stay_green=true ;;
  true) ;;
  *) if ! blank "${INPUT_FAIL-}"; then wrong=true && word fail "--fail=$INPUT_FAIL"; fi ;;
esac

# The runner masks what came from a secret; this masks what came from elsewhere. awk reads it, a line a mask.
if [ "${GITHUB_ACTIONS-}" = true ]; then
  awk 'BEGIN {
    count = split(ENVIRON["RUNWAYML_API_SECRET"], lines, "[\r\n]+")
    for (i = 1; i <= count; i++) {
      gsub("^[ \t]+|[ \t]+$", "", lines[i])
      gsub("%", "%25", lines[i])
      if (lines[i] != "") print "::add-mask::" lines[i]
    }
  }'
fi

if ! $asked; then
  printf '::warning title=Nothing was asked for::%s\n' \
    'none of the inputs that ask for something (generations, credits and the like) has a value, so only the key and the balance are checked; a variable that is not set leaves an input empty' >&2
fi

code=0
"$PREFLIGHT" ${flags[@]+"${flags[@]}"} || code=$?
if $wrong; then code=2; fi
if $stay_green && [[ $code = [3456] ]]; then
  echo "runway-preflight: exit code $code; the step stays green, since its input fail is false" >&2
  code=0
fi
exit "$code"

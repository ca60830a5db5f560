#!/bin/sh
# Runs a command that generates with Runway, but only when there is enough left for what it needs.
#
#   guard.sh gen4.5=2@60 ./render.sh harbour
#
# With ALERT_URL set, trouble is also posted there, as text.
set -u

need=${1:?"usage: guard.sh MODEL=N[@CREDITS] COMMAND..."}
shift

alert() {
  echo "guard: $1" >&2
  if [ -n "${ALERT_URL-}" ]; then
    curl --silent --show-error --fail --max-time 20 --output /dev/null --data-binary "$1" "$ALERT_URL" ||
      echo "guard: the alert could not be posted" >&2
  fi
}

code=0
runway-preflight --generations "$need" || code=$?

case $code in
  0) # go
    exec "$@"
    ;;
  3) # no-go: there is not enough now, but waiting may help. Nothing is broken, so this run is skipped.
    echo "guard: skipped, there is not enough quota left on Runway for now" >&2
    exit 0
    ;;
  6) # no-go: somebody has to act: buy credits, correct a model's name, ask for less, move up a tier.
    alert "Runway does not have what this job needs, and waiting does not help"
    ;;
  4) # cannot tell: somebody has to check the key.
    alert "Runway does not accept the API key, or there is none"
    ;;
  5) # cannot tell: Runway could not be asked or understood.
    alert "Runway could not be asked what is left"
    ;;
  *) # 2 is a wrong command line; 1, 101, 127 and the like mean that something else broke.
    alert "runway-preflight did not work (exit code $code)"
    ;;
esac
exit "$code"

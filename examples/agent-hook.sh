#!/bin/sh
# A hook for coding agents: a call that renders is blocked unless Runway has enough left.
#
# Such agents block a call on exit code 2 alone, and make it after any other failure, the gate's own codes 3 to 6 among them:
# so each becomes 2. The agent reads standard error. Standard input is the call, as JSON.
case $(cat) in
  *render.sh*) runway-preflight --generations gen4.5=2@60 --quiet >&2 || exit 2 ;;
esac

#!/bin/sh
# Renders with the first of two models that has enough left.
#
#   fallback.sh harbour
set -u

for choice in first:gen4.5=2@60 second:gen4_turbo=2@25; do
  need=${choice#*:}
  code=0
  runway-preflight --label "${choice%%:*}" --generations "$need" || code=$?
  case $code in
    0) exec ./render.sh "$1" "${need%%=*}" ;;
    3 | 6) ;; # not enough for this model
    *) exit "$code" ;; # the key, or Runway could not be asked: no other model helps
  esac
done
echo "fallback: neither model has enough left" >&2
exit "$code"

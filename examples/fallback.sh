#!/bin/sh
# Renders with the first of two models that has enough left.
#
#   fallback.sh harbour
set -u

if runway-preflight --label first --generations gen4.5=2@60; then
  model=gen4.5
elif runway-preflight --label second --generations gen4_turbo=2@25; then
  model=gen4_turbo
else
  code=$?
  echo "fallback: neither model has enough left" >&2
  exit "$code"
fi
exec ./render.sh "$1" "$model"

#!/bin/sh
# Renders as many tasks of a plan as Runway has room for now; the next run takes the rest.
#
#   what-fits.sh tasks.jsonl left.jsonl
#
# tasks.jsonl has a request body a line. What is not rendered is in left.jsonl: on a no-go that is all of it.
set -eu

tasks=$1
left=$2
cp "$tasks" "$left"
if [ ! -s "$tasks" ]; then exit 0; fi

# At least the first one, at most all of them. Credits for each second: https://docs.dev.runwayml.com/guides/pricing
report=$(runway-preflight --plan "$tasks" --plan-min 1 --price gen4.5=12/s --format json)
granted=$(printf '%s\n' "$report" | jq .plan.granted)

head -n "$granted" "$tasks" | while IFS= read -r task; do
  ./render.sh "$task" </dev/null
done
tail -n "+$((granted + 1))" "$tasks" >"$left"
echo "rendered $granted of $(grep -c '' "$tasks")"

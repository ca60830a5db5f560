#!/bin/sh
# Renders as many tasks of a plan as Runway has room for now, and keeps the rest.
#
#   what-fits.sh tasks.jsonl left.jsonl    the first run
#   what-fits.sh left.jsonl left.jsonl     each run after it
#
# tasks.jsonl has one request body per line. left.jsonl has those that are not rendered yet, wherever it stops.
set -eu

tasks=$1
left=$2
# Without blank lines, and with a line break behind the last task.
awk NF "$tasks" >"$left.new"
mv "$left.new" "$left"
if [ ! -s "$left" ]; then exit 0; fi

# At least the first one, at most all of them. Credits per second: https://docs.dev.runwayml.com/guides/pricing
report=$(runway-preflight --plan "$left" --plan-min 1 --price gen4.5=12/s --format json)
granted=$(printf '%s\n' "$report" | jq .plan.granted)

all=$(grep -c '' "$left")
rendered=0
while [ "$rendered" -lt "$granted" ]; do
  ./render.sh "$(head -n 1 "$left")" </dev/null
  tail -n +2 "$left" >"$left.new"
  mv "$left.new" "$left"
  rendered=$((rendered + 1))
done
echo "rendered $granted of $all"

#!/bin/sh
# Renders as many lines of a list as Runway has room for now; the next run takes the rest.
#
#   what-fits.sh scenes.txt left.txt
#
# scenes.txt has a scene a line. What is not rendered is in left.txt: on a no-go that is the whole list.
set -eu

scenes=$1
left=$2
cp "$scenes" "$left"
total=$(grep -c '' "$scenes") || exit 0

# At least one, at most all of them, 60 credits each.
report=$(runway-preflight --generations "gen4.5=1..$total@60" --format json)
granted=$(printf '%s\n' "$report" | jq '.granted["gen4.5"]')

head -n "$granted" "$scenes" | while IFS= read -r scene; do
  ./render.sh "$scene" </dev/null
done
tail -n "+$((granted + 1))" "$scenes" >"$left"
echo "rendered $granted of $total"

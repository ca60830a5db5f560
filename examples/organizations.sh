#!/bin/sh
# Checks several organizations, each with a key of its own, and says which of them can run the job.
#
#   organizations.sh keys/*.key
#
# The name of a file (lower-case letters, digits and -) is the label of its run: in GitHub Actions the outputs are acme-pass,
# acme-verdict and so on.
set -u

ready=''
worst=0
for key in "$@"; do
  name=$(basename "$key" .key)
  code=0
  runway-preflight --label "$name" --key-file "$key" --generations gen4.5=2@60 || code=$?
  case $code in
    0) ready="$ready $name" ;;
    3) ;; # not enough now, but waiting may help
    6) worst=6 ;; # somebody has to act
    *) [ "$worst" = 6 ] || worst=$code ;; # it could not be checked
  esac
done
echo "ready:$ready"
exit "$worst"

#!/usr/bin/env bash
# publish.sh VERSION: makes the release of what lies in dist/.
#
# The tag points to a commit that exists for it alone: the commit that was built, with the version set and the checksums
# written. So main stays between releases, and pinning the Action by the tag's commit pins the binaries too.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=$1
tag=v$version
major=v${version%%.*}

bash .github/scripts/version.sh --set "$version"

{
  head -n 1 action/checksums.txt
  printf '%s  source\n' "$(bash action/sha256.sh --source .)"
  for system in 'Linux X64' 'Linux ARM64' 'macOS X64' 'macOS ARM64' 'Windows X64'; do
    # shellcheck disable=SC2086 # two words, on purpose
    asset=$(bash action/target.sh $system)
    sum=$(bash action/sha256.sh "dist/$asset")
    printf '%s  %s\n' "$sum" "$asset"
  done
} >checksums.new
mv checksums.new action/checksums.txt

git config user.name 'github-actions[bot]'
git config user.email '41898282+github-actions[bot]@users.noreply.github.com'
git add Cargo.toml Cargo.lock action/checksums.txt
git commit --quiet --message "Release $version"
git tag --annotate --message "$tag" "$tag"
git tag --force "$major" "$tag^{commit}"

# Nothing is seen before every asset is there, and the tag before the release, which would else make one of its own. The
# major tag last: who follows it is never without a release.
gh release create "$tag" --draft --title "$tag" --generate-notes dist/*
git push origin "refs/tags/$tag"
gh release edit "$tag" --draft=false
git push --force origin "refs/tags/$major"

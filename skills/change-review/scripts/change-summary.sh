#!/bin/sh
# Shows the shape of a change: commits, size, files that change often, and code without a changed test.
# Usage: change-summary.sh [BASE]    BASE is the branch that the change goes into, by default main.
# Reads the repository of the current folder, and writes nothing.
set -eu

base=${1:-main}
if ! git rev-parse --git-dir >/dev/null 2>&1; then
  echo "not a Git repository: $PWD" >&2
  exit 2
fi
if ! start=$(git merge-base "$base" HEAD 2>/dev/null); then
  echo "no common commit of $base and HEAD: pass the branch that the change goes into" >&2
  exit 2
fi
cd "$(git rev-parse --show-toplevel)"

# Paths as they are, also with other letters than a to z.
diff() {
  git -c core.quotePath=false diff "$@" "$start" HEAD
}

echo "## Commits since $base"
git log --oneline --no-decorate "$start..HEAD" | head -n 50
echo
echo "## Size"
diff --shortstat
diff --numstat | sort -rn | head -n 20 |
  awk -F '\t' '{ printf "+%s -%s\t%s\n", $1, $2, $3 }'
echo
echo "## Changed files, with the number of earlier commits in the last 180 days"
diff --name-only | while IFS= read -r file; do
  printf '%s\t%s\n' "$(git rev-list --count --since=180.days "$start" -- ":(top,literal)$file")" "$file"
done | sort -rn | head -n 10
echo
echo "## Tests"
tests=$(diff --name-only | grep -Eci '(^|[/_.-])(tests?|specs?)([/_.-]|$)' || true)
if [ "$tests" -eq 0 ]; then
  echo "no changed file looks like a test"
else
  echo "$tests changed files look like tests"
fi

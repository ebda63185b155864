#!/usr/bin/env bash
# Say in Markdown what a branch changes: whether its committed results are those of its code and
# parameters, which parameters differ from the base, and which metrics.
#
#   bash .github/pr-report.sh [BASE]     BASE: a branch or another revision, main by default
#
# Exit code 1: the results are out of date. 2: there is no such base, or DVC could not compare.
# It needs neither data nor models: params.yaml, dvc.lock and metrics are in git.
set -euo pipefail

base=${1:-main}
# GitHub refuses a comment of more than 65,536 characters.
parameter_rows=150
metric_rows=200

cd "$(git rev-parse --show-toplevel)"
# DVC's own choice is a folder that every user of the machine can write to.
export DVC_SITE_CACHE_DIR=${DVC_SITE_CACHE_DIR:-$PWD/.dvc/tmp/site}

revisions=("$base" "refs/remotes/origin/$base")
if [[ ${GITHUB_ACTIONS:-} == true ]]; then
  revisions=("refs/remotes/origin/$base")
  # A shallow checkout knows no other branch.
  git rev-parse --verify --quiet --end-of-options "${revisions[0]}" >/dev/null ||
    git fetch --quiet --no-tags --depth 1 origin "+refs/heads/$base:${revisions[0]}" >&2
fi
commit=
for revision in "${revisions[@]}"; do
  commit=$(git rev-parse --verify --quiet --short=12 --end-of-options "$revision^{commit}") && break
done
if [[ -z $commit ]]; then
  printf 'error: %s is no branch or revision of this repository.\n' "$base" >&2
  exit 2
fi

# compared KIND: what 'dvc KIND diff' says, as Markdown. The commit's hash goes to DVC, not a name.
compared() {
  local table
  table=$(dvc "$1" diff --md "${@:2}" "$commit") || {
    printf 'error: dvc %s diff failed.\n' "$1" >&2
    exit 2
  }
  # Equal revisions give nothing; a table without rows has its two header lines. DVC puts the files
  # in another order each time (treeverse/dvc#5099), and the rows of one file in the same.
  table=$(sed -e '/^$/d' -e "1s/$commit/$(printf "%-${#commit}s" base)/" <<<"$table")
  head -n 2 <<<"$table"
  tail -n +3 <<<"$table" | LC_ALL=C sort --stable --field-separator '|' --key 2,2
}

# part COUNT: the first COUNT rows of the table on standard input, and how many are left out.
part() {
  awk -v most="$1" '
    NR <= most + 2
    END { if (NR > most + 2) printf "\n… and %d more.\n", NR - most - 2 }'
}

rows() { tail -n +3 | grep -c . || true; }

# only_kept_files_differ: whether code, parameters and committed files are those of dvc.lock, and
# only files that DVC keeps, data and models, are missing or of another revision.
only_kept_files_differ() {
  dvc status --json 2>/dev/null | python -c '
import json, sys
reasons = [reason for stage in json.load(sys.stdin).values() for reason in stage]
files = [
    file
    for reason in reasons
    for kind, changed in (reason.items() if isinstance(reason, dict) else [(reason, [""])])
    for file in (changed if kind in ("changed deps", "changed outs") else [""])
]
sys.exit(not files or not all(file.startswith(("data/", "models/")) for file in files))'
}

params=$(compared params)
# Every digit that the files hold: a change of the sixth is a change.
metrics=$(compared metrics --precision 9)

# The exit code alone misses stages that would run (treeverse/dvc#9861, #9818).
fresh=true
plan=$(dvc repro --dry --allow-missing 2>&1) || fresh=false
stale=$(sed -n "s/^Running stage '\(.*\)':\$/\1/p" <<<"$plan")
if grep -q '^Running stage' <<<"$plan"; then fresh=false; fi

printf '## What this changes, against `%s`\n\n' "${base//\`/}"
if $fresh; then
  printf 'The committed results are those of this code and these parameters.\n'
else
  printf '**The committed results are out of date**: run `dvc repro`, and commit what it changes.\n'
  if [[ -n $stale ]] && only_kept_files_differ; then
    printf '\nOnly files that DVC keeps differ from dvc.lock: `dvc checkout` may be all it takes.\n'
  elif [[ -n $stale ]]; then
    printf '\nFirst stage that would run: `%s`.\n' "${stale%%$'\n'*}"
  else
    printf '\n```\n%s\n```\n' "$(grep '^ERROR' <<<"$plan" || tail -n 5 <<<"$plan")"
  fi
fi

# The judgement: what to use before and after, and the models whose verdict or value changed.
if [[ -f metrics/answer.json && -f metrics/comparison.json ]]; then
  printf '\n### The answer\n\n'
  python -m rebalance.cli changes "$commit"
fi

printf '\n### Parameters\n\n'
if [[ $(rows <<<"$params") == 0 ]]; then
  printf 'No parameter changed.\n'
else
  part "$parameter_rows" <<<"$params"
fi

printf '\n### Metrics\n\n'
if [[ $(rows <<<"$metrics") == 0 ]]; then
  printf 'No metric changed.\n'
else
  printf '<details><summary>Numbers that changed: %d</summary>\n\n' "$(rows <<<"$metrics")"
  part "$metric_rows" <<<"$metrics"
  printf '\n</details>\n'
fi

$fresh || exit 1

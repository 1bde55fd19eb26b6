#!/usr/bin/env bash
# coverage.sh BUILD: prints the share of lines executed per folder, from the counters of a build
# with the preset coverage. Exit status 1 if a folder with a promise stays below it.
set -euo pipefail

build=$1
readonly kPromise=85

counts=$build/coverage.json
gcovr --root . --object-directory "$build" --gcov-executable gcov \
  --exclude-unreachable-branches --exclude-throw-branches \
  --filter 'spec/' --filter 'gofer/' --filter 'sandbox/' --filter 'cmd/' \
  --json-summary "$counts" --json-summary-pretty >"$build/gcovr.log" 2>&1 ||
  {
    tail -n 5 "$build/gcovr.log" >&2
    exit 1
  }

# Folder, promise in percent (0: none), file name pattern.
folders="spec:$kPromise:^spec/
gofer:$kPromise:^gofer/
policy loader:$kPromise:^spec/policy
sandbox:0:^sandbox/
cmd:0:^cmd/"

status=0
printf '%-14s %8s %8s %8s\n' folder lines run percent
while IFS=: read -r name promise pattern; do
  read -r lines run < <(jq -r --arg pattern "$pattern" '
    [.files[] | select(.filename | test($pattern))]
    | "\(map(.line_total) | add // 0) \(map(.line_covered) | add // 0)"' "$counts")
  percent=$((lines == 0 ? 0 : run * 1000 / lines))
  verdict=
  if ((percent < promise * 10)); then
    verdict="  below $promise %"
    status=1
  fi
  printf '%-14s %8d %8d %6d.%d%s\n' "$name" "$lines" "$run" $((percent / 10)) $((percent % 10)) \
    "$verdict"
done <<<"$folders"
echo "What runs under the real filter is not counted: sandbox and cmd are tested there."
((status == 0)) || printf 'the worst files:\n'
((status == 0)) || jq -r '.files | sort_by(.line_percent)[:8][] |
  "  \(.filename) \(.line_percent) %"' "$counts"
exit "$status"

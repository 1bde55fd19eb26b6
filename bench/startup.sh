#!/usr/bin/env bash
# startup.sh BUILD MOUNTS: what a bundle with that many bind mounts costs: time from the start of
# gofer to its `ready` line, and memory per worker. Memory needs root: a worker is not dumpable, so
# nobody else may read its smaps_rollup.
set -euo pipefail

gofer=$(cd "$1" && pwd -P)/cmd/gofer
mounts=$2
readonly kStarts=5

work=$(mktemp -d "${TMPDIR:-/tmp}/gofer-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT

make_bundle() {
  mkdir -p "$work/bundle/rootfs/mnt" "$work/host"
  local n
  for ((n = 1; n <= mounts; ++n)); do
    mkdir -p "$work/bundle/rootfs/mnt/$n" "$work/host/$n"
  done
  jq -n --arg host "$work/host" --argjson mounts "$mounts" '{
    ociVersion: "1.0.2",
    root: {path: "rootfs", readonly: true},
    mounts: [range(1; $mounts + 1) | {
      destination: "/mnt/\(.)", type: "bind", source: "\($host)/\(.)",
      options: ["bind", (if . % 2 == 0 then "ro" else "rw" end)]
    }]}' >"$work/bundle/config.json"
}

die() {
  printf 'startup.sh: %s\n' "$*" >&2
  exit 1
}

now_us() { echo "${EPOCHREALTIME/./}"; }

# Starts gofer and waits for its ready line; sets `elapsed` (microseconds) and `ready`. The command
# that gofer runs waits for the end of file on a FIFO, so that the workers stay until close_down.
start() {
  local begin line
  rm -f "$work/status" "$work/hold"
  mkfifo "$work/status" "$work/hold"
  exec 8<>"$work/status"
  begin=$(now_us)
  # shellcheck disable=SC2016  # the inner shell expands it
  "$gofer" --max-mounts "$mounts" --bundle "$work/bundle" --status-fd 9 \
    -- sh -c 'read -r nothing <"$1"' sh "$work/hold" 8<&- 9>"$work/status" &
  gofer_pid=$!
  ready=
  while [[ -z $ready ]]; do
    read -r -t 60 -u 8 line || die "not ready within a minute"
    case $line in
      *'"event":"ready"'*) ready=$line ;;
      *'"event":"failed"'*) die "$line" ;;
    esac
  done
  elapsed=$(($(now_us) - begin))
}

# The status of a thousand ends is more than a pipe holds.
close_down() {
  cat <&8 >/dev/null &
  local drain=$!
  : >"$work/hold"
  wait "$gofer_pid" || true
  kill "$drain"
  wait "$drain" 2>/dev/null || true
  exec 8<&-
}

# "MEDIAN MIN MAX" of the numbers on standard input.
spread() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)], v[1], v[NR] }'; }

row() {
  local name=$1 unit=$2 median least most
  read -r median least most
  printf '%-34s %10s %10s %10s  %s\n' "$name" "$median" "$least" "$most" "$unit"
}

# smaps_rollup field of every worker, in KiB.
memory() {
  local pid
  for pid in "${pids[@]}"; do
    awk -v field="$1:" '$1 == field { print $2 }' "/proc/$pid/smaps_rollup"
  done
}

make_bundle
times=()
for ((run = 1; run <= kStarts; ++run)); do
  start
  times+=("$elapsed")
  ((run == kStarts)) || close_down
done
mapfile -t pids < <(jq -r '.attach_points[].pid' <<<"$ready")

printf '%d mounts and the root: %d workers, %s, %s processors\n\n' "$mounts" "${#pids[@]}" \
  "$(uname -sr)" "$(nproc)"
printf '%-34s %10s %10s %10s\n' '' median least most
printf '%s\n' "${times[@]}" | spread |
  awk '{ printf "%.1f %.1f %.1f\n", $1 / 1000, $2 / 1000, $3 / 1000 }' |
  row "start until ready ($kStarts starts)" ms
printf '%s\n' "${times[@]}" |
  awk -v n="${#pids[@]}" '{ printf "%.2f\n", $1 / 1000 / n }' | spread | row "  per worker" ms
if ((EUID == 0)); then
  memory Private_Dirty | spread | row "private dirty per worker" KiB
  memory Pss | spread | row "PSS per worker" KiB
  memory Rss | spread | row "RSS per worker" KiB
  memory Pss | awk '{ all += $1 } END { printf "%.1f\n", all / 1024 }' | spread |
    row "PSS of all workers" MiB
else
  echo "memory per worker: only root may read it"
fi
close_down

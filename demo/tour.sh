#!/usr/bin/env bash
# tour.sh: run by gofer as its command (see demo.sh). Shows a served bundle from the client's side,
# and the jails from outside, and checks what it shows.
set -euo pipefail
exec 2>&1  # what gofer itself logs goes elsewhere, see show_panic

bold='' plain=''
if [[ -t 1 ]]; then bold=$'\e[1m' plain=$'\e[0m'; fi
output=''
wrong=0

heading() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
say() { printf '  %s\n' "$*"; }
quote() { printf '      %s\n' "${1//$'\n'/$'\n'      }"; }

expect() {
  local text=$1
  shift
  if ! "$@"; then
    printf '  NOT AS PROMISED: %s\n' "$text"
    wrong=$((wrong + 1))
  fi
}

run() {
  local status=0
  printf '    $ %s\n' "$*"
  output=$("$@" 2>&1) || status=$?
  [[ -z $output ]] || quote "$output"
  return "$status"
}

# works WHAT COMMAND...: must succeed, and its output must contain WHAT.
works() {
  local what=$1
  shift
  expect "$* succeeds" run "$@"
  expect "$* shows '$what'" contains "$output" "$what"
}

# refused WHY COMMAND...: must fail, and say why.
refused() {
  local why=$1
  shift
  if run "$@"; then expect "$* is refused" false; fi
  expect "$* is refused with '$why'" contains "$output" "$why"
}

contains() { [[ $1 == *"$2"* ]]; }
same() { [[ $1 == "$2" ]]; }

# The first status line that a jq filter selects; waits for it, since it may be on its way.
status_line() {
  local line tries
  for ((tries = 0; tries < 200; ++tries)); do
    line=$(jq -c "select($1)" "$GOFER_DEMO_STATUS" 2>/dev/null | head -n 1)
    [[ -z $line ]] || break
    sleep 0.05
  done
  printf '%s' "$line"
}

of_status() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$2/status"; }

show_mounts() {
  heading "1. One worker per mount"
  say "runc spec made the bundle; three bind mounts were added. gofer serves:"
  jq -r '.attach_points[] | [
      .destination,
      if .panic_on_write then "ro, panic on write" elif .readonly then "ro" else "rw" end,
      "pid \(.pid)",
      if .xattr == [] then "no attributes" else "attributes: \(.xattr | join(","))" end,
      if .locks then "locks" else "no locks" end
    ] | join("\t")' <<<"$ready" |
    awk -F '\t' '{ printf "      %-12s %-20s %-10s %-18s %s\n", $1, $2, $3, $4, $5 }'
  expect "four workers" same "$(jq '.attach_points | length' <<<"$ready")" 4
  expect "four different processes" \
    same "$(jq '[.attach_points[].pid] | unique | length' <<<"$ready")" 4
}

show_reading() {
  heading "2. Reading"
  works "etc" p9 ls /
  works "root:x:0:0" p9 cat /etc/passwd
  works "busybox" p9 readlink /bin/sh
  works "notes" p9 ls -l /data
  works "notes from yesterday" p9 cat /data/notes
  works "a library of the host" p9 cat /ro/library
  works "thrown out" p9 cat /etc/motd
}

show_writing() {
  heading "3. Writing"
  works "" p9 mkdir /data/today
  echo 'written through 9P' >page.txt
  works "" p9 put page.txt /data/today/page
  works "written through 9P" p9 cat /data/today/page
  works "page" p9 tree /data
  say "The same bytes on the host:"
  expect "the host sees the file" run cat "$GOFER_DEMO_HOST/data/today/page"
  expect "with these bytes" same "$output" "written through 9P"
}

show_refusals() {
  heading "4. What is read-only stays so"
  refused "Read-only" p9 put page.txt /ro/library
  refused "Read-only" p9 mkdir /new
  refused "Read-only" p9 rm /bin/sh
  expect "the host's file is untouched" same "$(<"$GOFER_DEMO_HOST/ro/library")" \
    "a library of the host"
}

show_descriptors() {
  local fd
  for fd in "/proc/$1/fd"/*; do printf '%s=%s ' "${fd##*/}" "$(readlink "$fd")"; done
}

show_jail() {
  local destination=$1 pid=$2 names
  printf '\n    %s%s%s, pid %s\n' "$bold" "$destination" "$plain" "$pid"
  printf '      Seccomp %s, NoNewPrivs %s\n' "$(of_status Seccomp "$pid")" \
    "$(of_status NoNewPrivs "$pid")"
  printf '      CapEff %s\n' "$(capsh --decode="$(of_status CapEff "$pid")")"
  printf '      CapBnd %s\n' "$(capsh --decode="$(of_status CapBnd "$pid")")"
  expect "a filter is in force" same "$(of_status Seccomp "$pid")" 2
  expect "no new privileges" same "$(of_status NoNewPrivs "$pid")" 1
  expect "nothing to inherit" same "$(of_status CapInh "$pid")$(of_status CapAmb "$pid")" \
    "$(printf '%032d' 0)"
  expect "the bounding set is what it has" same "$(of_status CapBnd "$pid")" \
    "$(of_status CapPrm "$pid")"
  if ! names=$(ls -A "/proc/$pid/root/" 2>/dev/null); then
    say "    root and descriptors are hidden from ordinary users: a worker is not dumpable"
    return 0
  fi
  names=$(tr '\n' ' ' <<<"$names")
  printf '      root holds: %s\n' "${names:-nothing}"
  printf '      descriptors: %s\n' "$(show_descriptors "$pid")"
  expect "six descriptors" same "$(find "/proc/$pid/fd" -mindepth 1 | wc -l)" 6
  if [[ $destination == /data ]]; then
    expect "its root is its attach point" same "$names" "notes today "
  fi
}

show_jails() {
  heading "5. The jails, as /proc shows them"
  say "Seccomp 2 is a filter. Descriptors: 0 and 1 are /dev/null, 2 is the log, 3 the client's socket,"
  say "4 the attach point, 5 the worker's own /proc/self/fd (and of no other process)."
  local destination pid
  while read -r destination pid; do
    show_jail "$destination" "$pid"
  done < <(jq -r '.attach_points[] | "\(.destination) \(.pid)"' <<<"$ready")
}

show_panic() {
  heading "6. Panic on write"
  local pid end
  pid=$(jq '.attach_points[] | select(.destination == "/etc/motd") | .pid' <<<"$ready")
  say "Nobody has a reason to write to /etc/motd, so its worker ends when somebody tries:"
  if run p9 put page.txt /etc/motd; then expect "writing to /etc/motd fails" false; fi
  end=$(status_line '.event == "worker-end" and .destination == "/etc/motd"')
  say "The worker's last words, in the log:"
  quote "$(grep 'panic-on-write attach point' "$GOFER_DEMO_LOG" || true)"
  say "What gofer tells the runtime:"
  quote "$end"
  expect "the cause is named" same "$(jq -r .cause <<<"$end")" panic-on-write
  expect "the log names the operation" grep -q 'panic-on-write attach point.*Tlopen' "$GOFER_DEMO_LOG"
  expect "the worker is gone" test ! -e "/proc/$pid"
  expect "the file is untouched" contains "$(<"$GOFER_DEMO_HOST/motd")" "thrown out"
  say "The others go on:"
  works "notes from yesterday" p9 cat /data/notes
  works "a library of the host" p9 cat /ro/library
}

cd "$GOFER_DEMO_SCRATCH"
ready=$(status_line '.event == "ready"')
if [[ -z $ready ]]; then
  echo "gofer never said that it is ready" >&2
  exit 1
fi

show_mounts
show_reading
show_writing
show_refusals
show_jails
show_panic

printf '\n'
if ((wrong > 0)); then
  printf 'Not as promised: %d.\n' "$wrong"
  exit 1
fi
printf '%sEverything was as promised.%s\n' "$bold" "$plain"

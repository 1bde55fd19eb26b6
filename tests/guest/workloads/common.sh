# shellcheck shell=bash
# What the workloads share; sourced by each. A workload is called with one directory, which is empty,
# and is all that it may write to. It ends with a status that is not 0 at the first thing that is
# wrong, saying what, and leaves a tree that is the same wherever it ran: names, bytes, owners, modes,
# links and attributes do not depend on the time, the place or the order of events.
#
# WORKLOAD_SHARED_MAPS=no leaves out what needs writable shared maps.
export LC_ALL=C TZ=UTC
umask 022

die() {
  printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2
  exit 1
}

cd "${1:?usage: $0 DIRECTORY}" || die "no directory $1"
export work=$PWD  # that directory, absolute

shared_maps() { [[ ${WORKLOAD_SHARED_MAPS:-yes} != no ]]; }

# same A B WHAT: the two texts are equal.
same() {
  [[ $1 == "$2" ]] || die "$3: got <$1> instead of <$2>"
}

# bytes COUNT SEED: so many bytes that are always the same.
bytes() {
  awk -v count="$1" -v state="$2" 'BEGIN {
    while (count > 0) {
      state = (state * 16807) % 2147483647
      line = state " " state * 3 "\n"
      printf "%s", substr(line, 1, count)
      count -= length(line)
    }
  }'
}

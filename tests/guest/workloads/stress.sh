#!/usr/bin/env bash
# stress: the file stressors of stress-ng that check what they do, two processes of each at a time.
# Left out are those that are about one file system's ioctls, those that never reach the file system
# (lease), and those whose single operation makes thousands of entries (link, symlink, chdir).
set -euo pipefail
# shellcheck source=tests/guest/workloads/common.sh
. "$(dirname "$0")/common.sh"

readonly ops=${WORKLOAD_STRESS_OPS:-6}

# stressor NAME [PROCESSES [OPERATIONS]]
stressor() { printf '%s %d\n%s-ops %d\n' "$1" "${2:-2}" "$1" "${3:-$ops}"; }

{
  printf '%s\n' 'run sequential' 'verify' 'seed 1' "temp-path $work"
  printf '%s 1M\n' hdd-bytes iomix-bytes msync-bytes readahead-bytes seek-size sync-file-bytes
  for name in access aio aiol dentry dir dirdeep dirmany dup fstat getdent handle hdd io \
    iomix locka lockf lockofd mknod open readahead rename revio seek sendfile splice sync-file touch \
    utime; do
    stressor "$name"
  done
  # Two of these share a file, and one removes it before the other is done, wherever they run.
  for name in chmod chown fcntl flock; do stressor "$name" 1; done
  # Dear: all characters of names, all sizes of values.
  stressor filename 1 1
  stressor xattr 1 1
  if shared_maps; then stressor msync; fi
} >job

out=$(stress-ng --job job --timeout 60 2>&1) || die "$out"
[[ $out == *'successful run completed'* ]] || die "no success: $out"
[[ $out != *skipped* ]] || die "something was skipped: $out"
rm job
same "$(ls -A)" '' 'what is left'

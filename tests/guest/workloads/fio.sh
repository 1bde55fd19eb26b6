#!/usr/bin/env bash
# fio: writes that are verified when they are read back: in order, at random, from several jobs, with
# several engines.
set -euo pipefail
# shellcheck source=tests/guest/workloads/common.sh
. "$(dirname "$0")/common.sh"

readonly size=${WORKLOAD_SIZE:-1m}

# job NAME OPTION...: a job that starts when the one before has ended.
job() {
  printf '[%s]\nstonewall\n' "$1"
  shift
  printf '%s\n' "$@"
}
# The headers of these blocks hold checksums, positions and times, so the files do not stay.
checked() { job "checked-$1" verify=crc32c "${@:2}"; }
# A pattern that is a function of the position; these files stay.
pattern() { job "pattern-$1" verify=pattern "verify_pattern=%o" "${@:2}"; }

{
  printf '%s\n' '[global]' thread fallocate=none randrepeat=1 allrandrepeat=1 verify_fatal=1 \
    verify_dump=0 "size=$size" "directory=$work"
  checked sequential rw=write bs=64k
  checked random rw=randwrite bs=4k ioengine=psync
  checked odd rw=randwrite bsrange=512-20k bs_unaligned ioengine=psync
  checked mixed rw=randrw bs=8k ioengine=sync fsync=16
  checked jobs rw=randwrite bs=4k ioengine=pvsync numjobs=3
  checked vectors rw=write bs=128k ioengine=vsync
  if shared_maps; then
    checked mapped rw=randwrite bs=4k ioengine=mmap
    checked mapped-jobs rw=write bs=16k ioengine=mmap numjobs=2
  fi
  pattern sequential rw=write bs=32k end_fsync=1
  pattern random rw=randwrite bs=4k numjobs=2
} >job

out=$(fio --output-format=terse job 2>&1) || die "$out"
rm job checked-* local-*-verify.state

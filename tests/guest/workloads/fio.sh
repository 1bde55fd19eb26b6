#!/usr/bin/env bash
# fio: writes that are verified when they are read back: in order, at random, from several jobs, with
# several engines.
set -euo pipefail
# shellcheck source=tests/guest/workloads/common.sh
. "$(dirname "$0")/common.sh"

readonly size=${WORKLOAD_SIZE:-2m}

# job NAME OPTION...: one run of fio, which must find what it wrote.
job() {
  local name=$1 out
  shift
  out=$(fio --name="$name" --directory="$work" --size="$size" --thread --fallocate=none \
    --randrepeat=1 --allrandrepeat=1 --verify_fatal=1 --verify_dump=0 --output-format=terse \
    --terse-version=3 "$@" 2>&1) || die "job $name: $out"
  rm -f ./*.state
}
# Checksums and positions in every block; the headers hold times, so these files do not stay.
checked() {
  job "$@" --verify=crc32c
  rm -f "$1".*
}
# A pattern that is a function of the position; these files stay.
pattern() { job "$@" --verify=pattern --verify_pattern='%o'; }

checked sequential --rw=write --bs=64k
checked random --rw=randwrite --bs=4k --ioengine=psync
checked odd --rw=randwrite --bsrange=512-20k --bs_unaligned --ioengine=psync
checked mixed --rw=randrw --bs=8k --ioengine=sync --fsync=16
checked jobs --rw=randwrite --bs=4k --numjobs=3 --ioengine=pvsync
checked vectors --rw=write --bs=128k --ioengine=vsync --do_verify=1
if shared_maps; then
  checked mapped --rw=randwrite --bs=4k --ioengine=mmap
  checked mapped-jobs --rw=write --bs=16k --ioengine=mmap --numjobs=2
fi
pattern left-sequential --rw=write --bs=32k --end_fsync=1
pattern left-random --rw=randwrite --bs=4k --numjobs=2

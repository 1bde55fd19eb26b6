#!/usr/bin/env bash
# torture: the tester of random operations, tests/guest/torture.cc.
set -euo pipefail
# shellcheck source=tests/guest/workloads/common.sh
. "$(dirname "$0")/common.sh"

options=(--ops "${WORKLOAD_OPS:-20000}" --seed "${WORKLOAD_SEED:-1}")
shared_maps || options+=(--no-mmap-write)
"${WORKLOAD_TORTURE:?}" "${options[@]}" "$work" || die 'a wrong answer'

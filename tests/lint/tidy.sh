#!/usr/bin/env bash
# tidy.sh BUILD FILE: clang-tidy on one file, silent when it finds nothing. The commands of BUILD may
# be GCC's, with warnings that Clang does not know. The static analyzer gives a function up after so
# many states: with its own 225000 it takes three quarters of all the time there is for a test run.
set -euo pipefail

readonly kStates=30000

if ! found=$(clang-tidy-19 --quiet -p "$1" \
  --extra-arg={-Wno-unknown-warning-option,-Wno-unused-command-line-argument} \
  --extra-arg={-Xclang,-analyzer-config,-Xclang,max-nodes=$kStates} "$2" 2>&1); then
  printf '%s\n' "$found" | grep -vE '^[0-9]+ warnings? (generated|treated)|^Suppressed' >&2
  exit 1
fi

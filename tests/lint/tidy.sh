#!/usr/bin/env bash
# tidy.sh BUILD FILE: clang-tidy on one file, silent when it finds nothing. The commands of BUILD may
# be GCC's, with warnings that Clang does not know.
set -euo pipefail

if ! found=$(clang-tidy-19 --quiet -p "$1" --extra-arg=-Wno-unknown-warning-option "$2" 2>&1); then
  printf '%s\n' "$found" | grep -vE '^[0-9]+ warnings? (generated|treated)|^Suppressed' >&2
  exit 1
fi

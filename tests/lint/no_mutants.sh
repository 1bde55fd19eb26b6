#!/usr/bin/env bash
# no_mutants.sh BUILD TARGET: no command that makes TARGET, or anything that goes into it, compiles a
# mutation. Exit status 1 if one does.
set -euo pipefail

commands=$(ninja -C "$1" -t commands "$2")
if ! grep -q 'gofer/dispatcher\.cc' <<<"$commands"; then
  echo "$2: these are not the commands of the program"
  exit 1
fi
if mutations=$(grep -o 'GOFER_MUTANT[A-Z_]*' <<<"$commands" | sort -u); then
  printf '%s is a mutant: %s\n' "$2" "$mutations"
  exit 1
fi

#!/usr/bin/env bash
# hardening.sh BINARY: what the shipped binary must be like, one line per fact: "ok ..." or
# "FAILED ...". Exit status 1 if any is not so.
# shellcheck disable=SC2317  # `fact` calls the functions by name
set -euo pipefail

binary=$1
source_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
status=0

elf_header=$(readelf -hW "$binary")
segments=$(readelf -lW "$binary")
dynamic=$(readelf -dW "$binary")
symbols=$(readelf -sW --dyn-syms "$binary")

fact() {
  local text=$1
  shift
  if "$@"; then
    printf 'ok      %s\n' "$text"
  else
    printf 'FAILED  %s\n' "$text"
    status=1
  fi
}

has() { grep -Eq -- "$2" <<<"$1"; }
lacks() { ! has "$@"; }
# The C library of Debian 12 has no CET marks, so the linker leaves out the note; the code has them.
marks_branch_targets() { (($(objdump -d --no-show-raw-insn "$binary" | grep -c endbr64) > 100)); }

no_build_path() {
  local paths
  paths=$(strings -a "$binary" | grep -E "$source_root/(build|bench|cmd|gofer|sandbox|spec|tests)/")
  [[ -z $paths ]]
}

no_mutation() {
  "$source_root/tests/lint/no_mutants.sh" "$(dirname "$binary")/.." cmd/gofer
}

fact "position independent executable" has "$elf_header" 'Type: +DYN'
fact "marked as PIE" has "$dynamic" 'FLAGS_1.*PIE'
fact "RELRO segment" has "$segments" '^ *GNU_RELRO '
fact "all symbols bound at start" has "$dynamic" 'BIND_NOW|FLAGS_1.*NOW'
fact "stack header is there" has "$segments" '^ *GNU_STACK '
fact "stack is not executable" lacks "$segments" '^ *GNU_STACK .* [RW]+E '
fact "no segment is both writable and executable" lacks "$segments" '^ *[A-Z_]+ .* RWE '
fact "no text relocations" lacks "$dynamic" 'TEXTREL'
fact "no run path" lacks "$dynamic" 'RPATH|RUNPATH'
fact "stack protector in use" has "$symbols" '__stack_chk_fail'
fact "fortified calls in use" has "$symbols" '_chk@'
fact "targets of indirect branches are marked" marks_branch_targets
fact "libseccomp is not linked" lacks "$dynamic" 'NEEDED.*libseccomp'
fact "no C++ library is linked but as a part" lacks "$dynamic" 'NEEDED.*lib(stdc|gcc_s|boost)'
fact "no path of the building machine" no_build_path
fact "made without mutations" no_mutation

exit "$status"

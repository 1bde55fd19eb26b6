#!/usr/bin/env bash
# make: a C project with a library, a generated source and dependencies on headers. Builds it, and
# after each change builds again exactly what the change concerns.
set -euo pipefail
# shellcheck source=tests/guest/workloads/common.sh
. "$(dirname "$0")/common.sh"

export TMPDIR=$work/tmp
readonly modules=12

mkdir tmp src include
cat >Makefile <<'END'
CFLAGS = -O0 -g0 -Iinclude -MMD -MP
modules := $(wildcard src/module*.c)
library := $(patsubst src/%.c,build/%.o,$(modules)) build/table.o

build/program: build/main.o build/libmodules.a
	@echo LD $@
	@$(CC) -o $@ $^
build/libmodules.a: $(library)
	@echo AR $@
	@$(AR) rcs $@ $^
build/%.o: src/%.c | build
	@echo CC $@
	@$(CC) $(CFLAGS) -c -o $@ $<
build/table.o: build/table.c
	@echo CC $@
	@$(CC) $(CFLAGS) -c -o $@ $<
build/table.c: build/generate
	@echo GEN $@
	@build/generate 64 >$@.new
	@mv $@.new $@
build/generate: src/generate.c | build
	@echo CC $@
	@$(CC) -o $@ $<
build:
	@mkdir $@
-include $(wildcard build/*.d)
END
cat >src/generate.c <<'END'
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char** argv) {
  int count = argc > 1 ? atoi(argv[1]) : 0;
  printf("#include \"common.h\"\nconst int table[] = {");
  for (int i = 0; i < count; ++i) printf("%d,", i * i);
  printf("};\n");
  return 0;
}
END
{
  echo '#include "common.h"'
  for ((i = 1; i <= modules; i++)); do echo "int module$i(int);"; done
  echo 'int printf(const char*, ...);'
  echo 'int main(void) { int sum = 0;'
  for ((i = 1; i <= modules; i++)); do echo "  sum += module$i($i);"; done
  printf '%s\n' '  printf("%d\n", sum); return 0; }'
} >src/main.c
echo 'extern const int table[];' >include/common.h
for ((i = 1; i <= modules; i++)); do
  echo "enum { kFactor$i = $i };" >"include/module$i.h"
  printf '#include "common.h"\n#include "module%d.h"\n' "$i" >"src/module$i.c"
  # Every fifth one depends on its neighbour, too.
  ((i % 5 != 0)) || printf '#include "module%d.h"\n' "$((i - 1))" >>"src/module$i.c"
  echo "int module$i(int x) { return table[x] * kFactor$i; }" >>"src/module$i.c"
done

# builds WHAT...: make does just these things, in any order. Its warnings about the clock do not count:
# on a mount it is the server's clock that stamps files, and this one may be a little behind.
builds() {
  local out want
  out=$(make -j2 2>&1) || die "make failed: $out"
  out=$(sed -e '/has modification time .* in the future$/d' -e '/Clock skew detected/d' <<<"$out")
  out=$(sort <<<"$out" | tr '\n' ' ')
  want=$(printf '%s\n' "$@" | sort | tr '\n' ' ')
  same "$out" "$want" "make after $changed"
  settle
}
# Everything gets one and the same time.
settle() { find . -type f -exec touch -d '2023-11-14 22:13:20' {} +; }
objects() { for i in "$@"; do printf 'CC build/module%d.o\n' "$i"; done; }
mapfile -t all <<<"$(objects $(seq "$modules"))"
library=('AR build/libmodules.a' 'LD build/program')
readonly nothing="make: 'build/program' is up to date."

# change FILE: it becomes newer than everything else.
change() {
  changed=$1
  touch -d '2023-11-15 22:13:20' "$1"
}

settle
changed='a clean start'
builds 'CC build/generate' 'GEN build/table.c' 'CC build/table.o' 'CC build/main.o' "${all[@]}" \
  "${library[@]}"
changed=nothing
builds "$nothing"
change src/module7.c
builds 'CC build/module7.o' "${library[@]}"
change include/module4.h
builds 'CC build/module4.o' 'CC build/module5.o' "${library[@]}"
change src/generate.c
builds 'CC build/generate' 'GEN build/table.c' 'CC build/table.o' "${library[@]}"
change build/libmodules.a
builds 'LD build/program'
rm build/module9.o
changed='removal of an object'
builds 'CC build/module9.o' "${library[@]}"
changed='the last build'
builds "$nothing"

same "$(build/program)" 6084 'the program'
same "$(ls -A tmp)" '' 'temporary files of the compiler'

# cmake -DDIR=... -DNAMES="ro ro+uds ..." -P table.cmake: every program with its name and the SHA-256
# of what the kernel takes, as DIR/table.inc for C++.
string(REPLACE " " ";" names "${NAMES}")
set(programs "")
set(rows "")
foreach(name ${names})
  file(SHA256 ${DIR}/${name}.bpf digest)
  string(MAKE_C_IDENTIFIER ${name} space)
  string(APPEND programs "namespace ${space} {\n#include \"policies/${name}.inc\"\n}\n")
  string(APPEND rows "    {\"${name}\", ${space}::kProgram, ${space}::kRules, \"${digest}\"},\n")
endforeach()
file(WRITE ${DIR}/table.inc "${programs}constexpr Compiled kCompiled[] = {\n${rows}};\n")

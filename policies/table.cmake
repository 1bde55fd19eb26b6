# cmake -DDIR=... -P table.cmake: every program of DIR/names.txt with its name and the SHA-256 of what
# the kernel takes, as DIR/table.inc for C++.
file(STRINGS ${DIR}/names.txt names)
set(rows "")
foreach(name ${names})
  file(SHA256 ${DIR}/${name}.bpf digest)
  string(MAKE_C_IDENTIFIER ${name} space)
  string(APPEND rows "    {\"${name}\", ${space}::kProgram, ${space}::kRules, \"${digest}\"},\n")
endforeach()
file(WRITE ${DIR}/table.inc "constexpr Compiled kCompiled[] = {\n${rows}};\n")

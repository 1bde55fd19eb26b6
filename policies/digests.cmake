# cmake -DDIR=... -DOUT=... -P digests.cmake: the SHA-256 of each role's program, for C++.
set(text "")
foreach(role Ro Rw Supervisor Init)
  string(TOLOWER ${role} stem)
  file(SHA256 ${DIR}/${stem}.bpf digest)
  string(APPEND text "constexpr char kDigestOf${role}[] = \"${digest}\";\n")
endforeach()
file(WRITE ${OUT} "${text}")

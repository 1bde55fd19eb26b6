# cmake -DOUT=FILE "-DFILES=a.json;b.json" -P texts.cmake: the policy files as rows of a C++ table.
set(rows "")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND rows "    {\"${name}\", R\"policy(${text})policy\"},\n")
endforeach()
file(WRITE ${OUT} "constexpr PolicyText kTexts[] = {\n${rows}};\n")

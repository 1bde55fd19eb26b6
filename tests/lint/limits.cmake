cmake_minimum_required(VERSION 3.25)
# docs/limits.md has each option that limits something, and each test that it names exists.
#   cmake -DROOT=DIR -P limits.cmake

file(READ ${ROOT}/docs/limits.md document)

# The tree of a planted fault has the document alone.
set(options)
if(EXISTS ${ROOT}/cmd/options.cc)
  file(READ ${ROOT}/cmd/options.cc text)
  string(REGEX MATCHALL "\\(\"(fd-limit|max-[a-z-]+)\"" options "${text}")
  list(REMOVE_DUPLICATES options)
endif()
foreach(option ${options})
  string(REGEX REPLACE "[(\"]" "" option "${option}")
  if(NOT document MATCHES "`--${option}`")
    message(SEND_ERROR "docs/limits.md does not say --${option}")
  endif()
endforeach()

set(existing)
file(GLOB_RECURSE programs ${ROOT}/tests/*_test.cc)
foreach(program ${programs})
  file(STRINGS ${program} lines REGEX "^TEST(_F|_P)?\\(")
  foreach(line ${lines})
    string(REGEX REPLACE "^TEST[_FP]*\\(([A-Za-z0-9]+), ([A-Za-z0-9_]+)\\).*" "\\1.\\2" test "${line}")
    list(APPEND existing ${test})
  endforeach()
endforeach()

string(REGEX MATCHALL "`[A-Z][A-Za-z0-9]+\\.[A-Z][A-Za-z0-9_]+`" named "${document}")
foreach(test ${named})
  string(REPLACE "`" "" test ${test})
  if(NOT test IN_LIST existing)
    message(SEND_ERROR "docs/limits.md: there is no test ${test}")
  endif()
endforeach()

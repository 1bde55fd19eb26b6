cmake_minimum_required(VERSION 3.25)
# A library of somebody else is seen by one source file, so that it can be exchanged, and never by
# a header.   cmake -DROOT=DIR -P third_party.cmake

file(GLOB_RECURSE sources RELATIVE ${ROOT}
     ${ROOT}/spec/*.cc ${ROOT}/gofer/*.cc ${ROOT}/sandbox/*.cc ${ROOT}/cmd/*.cc
     ${ROOT}/policies/*.cc ${ROOT}/spec/*.h ${ROOT}/gofer/*.h ${ROOT}/sandbox/*.h ${ROOT}/cmd/*.h
     ${ROOT}/policies/*.h)
foreach(library "nlohmann/" "seccomp\\.h" "sys/capability\\.h" "boost/")
  set(users)
  foreach(file ${sources})
    file(STRINGS ${ROOT}/${file} lines REGEX "^ *# *include *<${library}")
    if(lines)
      list(APPEND users ${file})
    endif()
  endforeach()
  list(LENGTH users count)
  if(count GREATER 1)
    message(SEND_ERROR "<${library}> is included by more than one file: ${users}")
  endif()
  if(users MATCHES "\\.h(;|$)")
    message(SEND_ERROR "<${library}> is included by a header: ${users}")
  endif()
endforeach()

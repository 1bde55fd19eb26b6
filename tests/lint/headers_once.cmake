cmake_minimum_required(VERSION 3.25)
# Every header starts with one sentence on what it is for, then is read once; every source file
# starts with its own header or a sentence.   cmake -DROOT=DIR -P headers_once.cmake

file(GLOB_RECURSE headers RELATIVE ${ROOT}
     ${ROOT}/spec/*.h ${ROOT}/gofer/*.h ${ROOT}/sandbox/*.h ${ROOT}/cmd/*.h ${ROOT}/tests/*.h)
foreach(file ${headers})
  file(STRINGS ${ROOT}/${file} first LIMIT_COUNT 1)
  if(NOT first MATCHES "^// [^ ]")
    message(SEND_ERROR "${file}: the first line does not say what the file is for")
  endif()
  file(STRINGS ${ROOT}/${file} once REGEX "^#pragma once$")
  if(NOT once)
    message(SEND_ERROR "${file}: no #pragma once")
  endif()
endforeach()

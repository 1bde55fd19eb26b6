cmake_minimum_required(VERSION 3.25)
# Every hostile case has a test, and the document knows each.
#   cmake -DDOCUMENT=FILE -DPROGRAMS="TEST PROGRAM..." -P cases.cmake
# A row of the document's table is | id | what is tried | what must hold | `Fixture.ID_Test` ... |.
# Fails unless each row names a test, each of them exists in one of the programs and has the row's id
# in front of its name, and each test with an id in front of its name is in the row of that id.

set(existing)
separate_arguments(PROGRAMS UNIX_COMMAND "${PROGRAMS}")
foreach(program ${PROGRAMS})
  execute_process(COMMAND ${program} --gtest_list_tests OUTPUT_VARIABLE listed COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" lines "${listed}")
  foreach(line ${lines})
    if(line MATCHES "^([A-Za-z0-9_/]+)\\.")
      set(fixture ${CMAKE_MATCH_1})
    elseif(line MATCHES "^  ([A-DF-Z][A-Z]?[0-9]+_[A-Za-z0-9_/]+)")  # E01 ...: docs/bad-input.md
      # Of/Fixture.Test/Value: an instance of a test that is run for several values
      set(test ${CMAKE_MATCH_1})
      string(REGEX REPLACE "^.*/" "" fixture ${fixture})
      string(REGEX REPLACE "/.*$" "" test ${test})
      list(APPEND existing ${fixture}.${test})
    endif()
  endforeach()
endforeach()

set(documented)
file(STRINGS ${DOCUMENT} rows REGEX "^\\| [A-Z]+[0-9]+ \\|")
foreach(row ${rows})
  string(REGEX REPLACE "^\\| ([A-Z]+[0-9]+) .*" "\\1" id "${row}")
  string(REGEX MATCHALL "`[A-Za-z0-9_/]+\\.[A-Za-z0-9_/]+`" tests "${row}")
  if(NOT tests)
    message(SEND_ERROR "${id} has no test")
  endif()
  foreach(test ${tests})
    string(REPLACE "`" "" test ${test})
    list(APPEND documented ${test})
    if(NOT test IN_LIST existing)
      message(SEND_ERROR "${id}: there is no test ${test}")
    endif()
    if(NOT test MATCHES "\\.${id}_")
      message(SEND_ERROR "${id}: ${test} is no test of it by its name")
    endif()
  endforeach()
endforeach()

list(REMOVE_DUPLICATES existing)
foreach(test ${existing})
  if(NOT test IN_LIST documented)
    message(SEND_ERROR "${test} is in no row of ${DOCUMENT}")
  endif()
endforeach()

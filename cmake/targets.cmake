# How a room of the house and a test of it are declared.

# gofer_library(NAME SOURCES a.cc ... HEADERS a.h ... LINKS lib ...)
# A folder's library. Headers are in a file set so that each is compiled alone by the target
# all_verify_interface_header_sets.
function(gofer_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;LINKS;PRIVATE_LINKS" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}
                                  FILES ${ARG_HEADERS})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
  else()
    add_library(${name} INTERFACE)
    target_sources(${name} INTERFACE FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}
                                     FILES ${ARG_HEADERS})
    target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE ${ARG_LINKS})
  endif()
endfunction()

# gofer_test(NAME SOURCES a_test.cc ... LINKS lib ... [JAIL] [DEPENDS target ...] [TIMEOUT seconds]
#            [PREFIX text] [FILTER text])
# A GoogleTest program; each of its tests is a test of ctest. JAIL marks tests that start the real
# binary with its real filter: they are not registered in instrumented builds, whose run-time
# libraries make system calls that no policy allows. FILTER says which tests are registered, as
# --gtest_filter does.
function(gofer_test name)
  cmake_parse_arguments(ARG "JAIL" "TIMEOUT;PREFIX;FILTER" "SOURCES;LINKS;DEPENDS" ${ARGN})
  if(ARG_JAIL AND (GOFER_SANITIZE OR GOFER_COVERAGE))
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gtest GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  if(NOT ARG_FILTER)
    set(ARG_FILTER *)
  endif()
  gtest_discover_tests(${name} TEST_PREFIX "${ARG_PREFIX}" TEST_FILTER "${ARG_FILTER}" DISCOVERY_TIMEOUT 60
                       WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} NO_PRETTY_VALUES
                       PROPERTIES TIMEOUT ${ARG_TIMEOUT})
endfunction()

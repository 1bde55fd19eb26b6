# With GOFER_PRECOMPILE the headers that most files include are parsed once per build, which takes little
# more than half as long then. Files still name each header that they use, for the other presets and for
# clang-tidy, which gets the commands without it.

# Every target below `directory` that has no compile options of its own.
function(precompile_below directory)
  get_property(targets DIRECTORY ${directory} PROPERTY BUILDSYSTEM_TARGETS)
  get_property(common DIRECTORY ${directory} PROPERTY COMPILE_OPTIONS)
  foreach(target ${targets})
    get_target_property(type ${target} TYPE)
    get_target_property(options ${target} COMPILE_OPTIONS)
    if(NOT options STREQUAL common)
      continue()
    elseif(type STREQUAL EXECUTABLE)
      target_precompile_headers(${target} REUSE_FROM precompiled_for_programs)
    elseif(type MATCHES "^(STATIC|OBJECT)_LIBRARY$")
      target_precompile_headers(${target} REUSE_FROM precompiled_for_libraries)
    else()
      continue()
    endif()
    # GCC compares the macros that the headers ask for. Most targets have it from GTest::gtest.
    target_compile_definitions(${target} PRIVATE GTEST_HAS_PTHREAD=1)
  endforeach()
  get_property(folders DIRECTORY ${directory} PROPERTY SUBDIRECTORIES)
  foreach(folder ${folders})
    precompile_below(${folder})
  endforeach()
endfunction()

if(GOFER_PRECOMPILE)
  add_subdirectory(cmake/precompiled)
  foreach(room bench cmd gofer policies sandbox spec tests)
    precompile_below(${PROJECT_SOURCE_DIR}/${room})
  endforeach()
endif()

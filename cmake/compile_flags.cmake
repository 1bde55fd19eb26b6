# Warnings, hardening and instrumentation for every target.
include(CheckCXXCompilerFlag)
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)

add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
                    -Wnon-virtual-dtor -Wold-style-cast -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # GCC has no such warning, and a designated initialiser that leaves out members with defaults
  # is how this project writes options.
  add_compile_options(-Wno-missing-field-initializers -Wno-missing-designated-field-initializers)
else()
  # GCC 12, once it optimises, mistakes the value of a statement expression (TRY) for one that may be
  # uninitialised, and std::string's own copying for one that overlaps (GCC bug 105651). The
  # sanitizers and clang-tidy look for the real things.
  add_compile_options(-Wno-missing-field-initializers -Wno-maybe-uninitialized -Wno-restrict)
  # GCC looks for memory that it could use again, and finds little in files of this size, but goes
  # through all of a precompiled header for it.
  add_compile_options("SHELL:--param ggc-min-expand=1000" "SHELL:--param ggc-min-heapsize=1000000")
endif()
if(GOFER_WERROR)
  add_compile_options(-Werror)
endif()

# No path of the machine that builds goes into the binary.
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
add_link_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)  # where the whole is optimised

if(GOFER_HARDEN)
  add_compile_definitions(_FORTIFY_SOURCE=3 _GLIBCXX_ASSERTIONS)
  foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
               -ftrivial-auto-var-init=zero
               # How that clears a few hundred bytes: "rep stos", what GCC takes otherwise, needs
               # longer to begin than these need to end.
               -mmemset-strategy=unrolled_loop:512:noalign,libcall:-1:noalign)
    string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
    check_cxx_compiler_flag(${flag} ${have})
    if(${have})
      add_compile_options(${flag})
      add_link_options(${flag})  # where the whole is optimised, and its code made
    endif()
  endforeach()
  add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
endif()

if(GOFER_SANITIZE)
  add_compile_options(-fsanitize=${GOFER_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${GOFER_SANITIZE})
  # Sanitizers make system calls of their own: the filter would kill the worker for them.
  add_compile_definitions(GOFER_INSTRUMENTED)
endif()
if(GOFER_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
  add_compile_definitions(GOFER_INSTRUMENTED)
endif()

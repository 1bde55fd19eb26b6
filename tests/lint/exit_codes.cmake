cmake_minimum_required(VERSION 3.25)
# Every exit status of the program is in docs/exit-codes.md and in gofer(8), and no other number is
# called one in the first.   cmake -DROOT=DIR -P exit_codes.cmake

file(READ ${ROOT}/spec/base/exit_code.h header)
string(REGEX REPLACE ".*enum class ExitCode[^{]*{([^}]*)}.*" "\\1" body "${header}")
string(REGEX MATCHALL "= [0-9]+," statuses "${body}")
string(REGEX REPLACE "[=, ]" "" statuses "${statuses}")
file(STRINGS ${ROOT}/docs/exit-codes.md rows REGEX "^\\| [0-9]+ \\|")
list(TRANSFORM rows REPLACE "^\\| ([0-9]+) \\|.*" "\\1" OUTPUT_VARIABLE documented)
if(NOT statuses STREQUAL documented)
  message(SEND_ERROR "exit_code.h has ${statuses}, docs/exit-codes.md has ${documented}")
endif()
file(STRINGS ${ROOT}/docs/man/gofer.8 lines REGEX "^\\.B [0-9]+$")
list(TRANSFORM lines REPLACE "^\\.B " "" OUTPUT_VARIABLE in_manual)
if(NOT statuses STREQUAL in_manual)
  message(SEND_ERROR "exit_code.h has ${statuses}, gofer.8 has ${in_manual}")
endif()

cmake_minimum_required(VERSION 3.25)
# A lint script that is shown a tree with one planted fault must refuse it.
#   cmake -DSCRIPT=FILE -DTREE=DIR -DFILE=PATH -DTEXT=LINES -DSAYS=REGEX -P refuses.cmake
# TEXT goes into FILE below TREE; the script's complaint must match SAYS.

file(REMOVE_RECURSE ${TREE})
file(WRITE ${TREE}/${FILE} "${TEXT}\n")
execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${TREE} -P ${SCRIPT}
                RESULT_VARIABLE status ERROR_VARIABLE said)
file(REMOVE_RECURSE ${TREE})
if(status EQUAL 0)
  message(FATAL_ERROR "${SCRIPT} accepted ${FILE}: ${TEXT}")
endif()
if(NOT said MATCHES "${SAYS}")
  message(FATAL_ERROR "refused, but not for this reason:\n${said}")
endif()

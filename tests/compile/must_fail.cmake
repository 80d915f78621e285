# SPDX-License-Identifier: MIT
#
# cmake -D DIAGNOSTIC=regex [-D FIRST_ERROR=regex] [-D LINES_MAX=n] -P must_fail.cmake -- command...
#
# Passes if the command fails and says why, in so many lines at most: an exit code alone would also
# accept a missing file or a typing error. With FIRST_ERROR, the first line that has "error:" says
# it already. Runs of white space count as one blank, since CMake wraps its messages.
set(command "")
set(in_command FALSE)
foreach(i RANGE ${CMAKE_ARGC})
  if(in_command AND i LESS CMAKE_ARGC)
    list(APPEND command "${CMAKE_ARGV${i}}")
  elseif("${CMAKE_ARGV${i}}" STREQUAL "--")
    set(in_command TRUE)
  endif()
endforeach()

set(ENV{LC_ALL} C)
execute_process(COMMAND ${command} RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
list(JOIN command " " shown)
if(result EQUAL 0)
  message(FATAL_ERROR "This should have failed:\n${shown}\n${said}")
endif()
string(REGEX REPLACE "[ \t\r\n]+" " " flat "${said}")
if(NOT flat MATCHES "${DIAGNOSTIC}")
  message(FATAL_ERROR "Failed, but not with \"${DIAGNOSTIC}\":\n${shown}\n${said}")
endif()

if(FIRST_ERROR)
  string(REGEX MATCH "[^\n]*error:[^\n]*" first "${said}")
  if(NOT first MATCHES "${FIRST_ERROR}")
    message(FATAL_ERROR "The first error is not \"${FIRST_ERROR}\":\n${shown}\n${first}\n${said}")
  endif()
endif()
string(REGEX MATCHALL "\n" lines "${said}")
list(LENGTH lines lines)
if(LINES_MAX AND lines GREATER LINES_MAX)
  message(FATAL_ERROR "Says it in ${lines} lines, ${LINES_MAX} at most:\n${shown}\n${said}")
endif()

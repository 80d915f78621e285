# SPDX-License-Identifier: MIT
#
# cmake -D BINARY= -P consume.cmake -- configure command...: configures, builds and runs a consumer.
set(command "")
set(in_command FALSE)
foreach(i RANGE ${CMAKE_ARGC})
  if(in_command AND i LESS CMAKE_ARGC)
    string(REPLACE ";" "\\;" word "${CMAKE_ARGV${i}}")
    list(APPEND command "${word}")
  elseif("${CMAKE_ARGV${i}}" STREQUAL "--")
    set(in_command TRUE)
  endif()
endforeach()

execute_process(COMMAND ${command} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${BINARY}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${BINARY}/consumer" COMMAND_ERROR_IS_FATAL ANY)

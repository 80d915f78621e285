# SPDX-License-Identifier: MIT
#
# cmake -D README= -D WORK= -D PREFIX= -D GENERATOR= -D COMPILER= -P readme.cmake
#
# Does what the README says, with the very text of it: the first C++ block, built by the CMake block
# against the installed package, prints the first text block; every other C++ block is a program
# that succeeds.
file(READ "${README}" text)
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")

# The text between the next ```LANGUAGE and ```, which is taken out of `text`; "" if there is none.
function(take_block out language)
  set(fence "\n```${language}\n")
  string(FIND "${text}" "${fence}" begin)
  set(block "")
  if(begin GREATER_EQUAL 0)
    string(LENGTH "${fence}" length)
    math(EXPR begin "${begin} + ${length}")
    string(SUBSTRING "${text}" ${begin} -1 rest)
    string(FIND "${rest}" "\n```" end)
    math(EXPR end "${end} + 1")
    string(SUBSTRING "${rest}" 0 ${end} block)
    string(SUBSTRING "${rest}" ${end} -1 rest)
    set(text "${rest}" PARENT_SCOPE)
  endif()
  set(${out} "${block}" PARENT_SCOPE)
endfunction()

set(whole "${text}")
take_block(program cpp)
take_block(other cpp)
set(others 0)
while(NOT other STREQUAL "")
  math(EXPR others "${others} + 1")
  file(WRITE "${WORK}/other_${others}.cpp" "${other}")
  take_block(other cpp)
endwhile()
set(text "${whole}")
take_block(wanted text)
set(text "${whole}")
take_block(usage cmake)
foreach(part IN ITEMS program wanted usage)
  if("${${part}}" STREQUAL "")
    message(FATAL_ERROR "${README} has no block for: ${part}")
  endif()
endforeach()
string(REGEX MATCHALL "\n" lines "${program}")
list(LENGTH lines lines)
if(lines GREATER 15 OR others EQUAL 0)
  message(FATAL_ERROR "The example has ${lines} lines, 15 at most; other C++ blocks: ${others}.")
endif()

file(WRITE "${WORK}/my_program.cpp" "${program}")
set(more "")
foreach(i RANGE 1 ${others})
  string(APPEND more "add_executable(other_${i} other_${i}.cpp)\n"
         "target_link_libraries(other_${i} PRIVATE my_flags vmarea::shims)\n"
  )
endforeach()
file(
  WRITE "${WORK}/CMakeLists.txt"
  "cmake_minimum_required(VERSION 3.22)\nproject(my_program CXX)\n"
  "add_library(my_flags INTERFACE)\n"
  "target_compile_options(my_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)\n"
  "add_executable(my_program my_program.cpp)\n${usage}${more}"
  "target_link_libraries(my_program PRIVATE my_flags)\n"
)
execute_process(
  COMMAND "${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${WORK}" -B "${WORK}/build"
          "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_PREFIX_PATH=${PREFIX}"
  COMMAND_ERROR_IS_FATAL ANY
)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${WORK}/build" COMMAND_ERROR_IS_FATAL ANY)
execute_process(
  COMMAND "${WORK}/build/my_program" OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY
)
if(NOT printed STREQUAL wanted)
  message(FATAL_ERROR "The README says\n${wanted}but its example prints\n${printed}")
endif()
foreach(i RANGE 1 ${others})
  execute_process(COMMAND "${WORK}/build/other_${i}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
message("The example of ${lines} lines prints what it should; ${others} other programs succeed.")

# SPDX-License-Identifier: MIT
#
# cmake -D ROOTS=include;shims -D HEADERS=vmarea/vmarea.hpp;... -D OUTPUT= -P join_headers.cmake
#
# Joins the headers and all that they include from below the roots into one: each once, where it is
# first included, with the headers of the system once at its head.
cmake_minimum_required(VERSION 3.22...4.3)
set(joined "")
set(system "")

# The text of the header and of what it includes, but for what was joined before.
function(join_header out header)
  if(header IN_LIST joined)
    set(${out} "" PARENT_SCOPE)
    return()
  endif()
  list(APPEND joined "${header}")
  set(text "")
  foreach(root IN LISTS ROOTS)
    if(EXISTS "${root}/${header}")
      file(READ "${root}/${header}" text)
    endif()
  endforeach()
  if(text STREQUAL "")
    message(FATAL_ERROR "${header} is below none of: ${ROOTS}")
  endif()
  string(REPLACE "#pragma once\n" "" text "${text}")
  string(REPLACE "// SPDX-License-Identifier: MIT\n//\n" "" text "${text}")

  string(REGEX MATCHALL "\n#include [<\"][a-z0-9_/.]+[>\"][^\n]*" lines "${text}")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^\n#include [<\"]([^>\"]+)[>\"].*$" "\\1" name "${line}")
    set(inner "")
    if(name MATCHES "^vmarea")
      join_header(inner "${name}")
    else()
      list(APPEND system "${name}")
    endif()
    string(FIND "${text}" "${line}\n" at)
    string(LENGTH "${line}\n" length)
    math(EXPR behind "${at} + ${length}")
    string(SUBSTRING "${text}" 0 ${at} before)
    string(SUBSTRING "${text}" ${behind} -1 after)
    set(text "${before}\n${inner}${after}")
  endforeach()
  set(joined "${joined}" PARENT_SCOPE)
  set(system "${system}" PARENT_SCOPE)
  set(${out} "\n// From ${header}\n//\n${text}" PARENT_SCOPE)
endfunction()

set(body "")
foreach(header IN LISTS HEADERS)
  join_header(text "${header}")
  string(APPEND body "${text}")
endforeach()
string(REGEX REPLACE "\n\n\n+" "\n\n" body "${body}")

list(REMOVE_DUPLICATES system)
list(SORT system)
list(TRANSFORM system REPLACE "(.+)" "#include <\\1>\n")
list(JOIN system "" includes)
list(LENGTH joined count)
file(
  WRITE "${OUTPUT}"
  "// SPDX-License-Identifier: MIT\n//\n"
  "// vmarea, ${count} headers in one; made, not written.\n#pragma once\n\n${includes}${body}"
)

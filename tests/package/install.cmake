# SPDX-License-Identifier: MIT
#
# cmake -D SOURCE= -D WORK= -D GENERATOR= -D COMPILER= -P install.cmake
#
# Installs into WORK/stage and moves that to WORK/prefix, where the consumers look: what still
# works has recorded no absolute path. Empties WORK first, so no consumer meets an old cache.
# Installs from a build of its own, since the one that runs the tests may have been told to install
# to absolute directories.
file(REMOVE_RECURSE "${WORK}")
execute_process(
  COMMAND
    "${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${SOURCE}" -B "${WORK}/build"
    "-DCMAKE_CXX_COMPILER=${COMPILER}" COMMAND_ERROR_IS_FATAL ANY
)
# Without a word about tests there are none, and nothing is looked for, let alone fetched.
file(STRINGS "${WORK}/build/CMakeCache.txt" asked REGEX "^(FETCHCONTENT|GTest|fmt|benchmark)")
if(asked OR EXISTS "${WORK}/build/_deps" OR EXISTS "${WORK}/build/CTestTestfile.cmake")
  message(FATAL_ERROR "A plain configuration wants more than a compiler: ${asked}")
endif()
execute_process(
  COMMAND "${CMAKE_COMMAND}" --install "${WORK}/build" --prefix "${WORK}/stage"
  COMMAND_ERROR_IS_FATAL ANY
)
file(RENAME "${WORK}/stage" "${WORK}/prefix")

# Every header was installed, and nothing else that calls itself one.
file(GLOB_RECURSE core RELATIVE "${SOURCE}/include" "${SOURCE}/include/*.hpp")
file(GLOB_RECURSE shims RELATIVE "${SOURCE}/shims" "${SOURCE}/shims/*.hpp")
file(GLOB_RECURSE installed RELATIVE "${WORK}/prefix/include" "${WORK}/prefix/include/*")
set(expected ${core} ${shims})
list(SORT expected)
list(SORT installed)
if(NOT expected STREQUAL installed)
  message(FATAL_ERROR "Headers are\n  ${expected}\nbut installed were\n  ${installed}")
endif()

if(NOT EXISTS "${WORK}/prefix/share/vmarea/gdb/vmarea_gdb.py")
  message(FATAL_ERROR "The printers for gdb were not installed.")
endif()
# Documents, and every chapter of the rule book among them.
file(GLOB rules RELATIVE "${SOURCE}/tests/rules" "${SOURCE}/tests/rules/*.md")
list(TRANSFORM rules PREPEND "rules/")
foreach(document IN LISTS rules ITEMS LICENSE README.md CHANGELOG.md CONTRIBUTING.md)
  if(NOT EXISTS "${WORK}/prefix/share/doc/vmarea/${document}")
    message(FATAL_ERROR "Not installed: ${document}")
  endif()
endforeach()

# Their links lead to what was installed. Brackets would keep a list of links together.
file(GLOB_RECURSE documents "${WORK}/prefix/share/doc/vmarea/*.md")
foreach(document IN LISTS documents)
  get_filename_component(from "${document}" DIRECTORY)
  file(READ "${document}" text)
  string(REGEX REPLACE "\\]\\(" "\nlink " text "${text}")
  string(REGEX REPLACE "[][;]" "" text "${text}")
  string(REGEX MATCHALL "\nlink [^)#\n]+" links "${text}")
  foreach(link IN LISTS links)
    string(REGEX REPLACE "^\nlink " "" link "${link}")
    if(NOT link MATCHES "^(https?:|mailto:)" AND NOT EXISTS "${from}/${link}")
      message(FATAL_ERROR "${document} refers to ${link}, which is not installed.")
    endif()
  endforeach()
endforeach()

# A path counts only where it starts: with the source in /vmarea, share/cmake/vmarea is no finding.
file(GLOB_RECURSE files "${WORK}/prefix/*.cmake" "${WORK}/prefix/*.pc")
foreach(file IN LISTS files)
  file(READ "${file}" text)
  foreach(path IN ITEMS "${SOURCE}" "${WORK}")
    string(REGEX REPLACE "([][+.*()^$?|\\])" "\\\\\\1" pattern "${path}")
    if(text MATCHES "(^|[^A-Za-z0-9_.})])${pattern}")
      message(FATAL_ERROR "${file} names ${path}, so the package cannot be moved.")
    endif()
  endforeach()
endforeach()

# SPDX-License-Identifier: MIT
#
# The target docs, where doxygen is installed: pages of the headers below docs/ in the build
# directory. A reference that leads nowhere, or a command that doxygen does not know, is an error.
find_package(Doxygen QUIET)
if(DOXYGEN_FOUND)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/Doxyfile.in" "${PROJECT_BINARY_DIR}/Doxyfile" @ONLY)
  add_custom_target(
    docs
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${PROJECT_BINARY_DIR}/docs"
    COMMAND Doxygen::doxygen "${PROJECT_BINARY_DIR}/Doxyfile"
    COMMAND "${CMAKE_COMMAND}" -D "WARNINGS=${PROJECT_BINARY_DIR}/docs/warnings.txt" -P
            "${PROJECT_SOURCE_DIR}/cmake/check_docs.cmake"
    COMMENT "Writing docs/html"
    VERBATIM
  )
endif()

# SPDX-License-Identifier: MIT
#
# The installed vmarea, or else the one that this example lies in.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
find_package(vmarea QUIET COMPONENTS shims)
if(NOT vmarea_FOUND)
  add_subdirectory("${CMAKE_CURRENT_LIST_DIR}/../.." vmarea EXCLUDE_FROM_ALL)
endif()

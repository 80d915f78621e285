# SPDX-License-Identifier: MIT
#
# The vmarea that this example lies in, or with VMAREA_INSTALLED the installed one.
option(VMAREA_INSTALLED "Use the installed vmarea" OFF)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
if(VMAREA_INSTALLED)
  find_package(vmarea REQUIRED COMPONENTS shims)
else()
  add_subdirectory("${CMAKE_CURRENT_LIST_DIR}/../.." vmarea EXCLUDE_FROM_ALL)
endif()

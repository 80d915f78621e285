# SPDX-License-Identifier: MIT
#
# The vmarea that this example lies in, or with VMAREA_INSTALLED the installed one. An example that
# was installed lies in none.
set(in_vmarea "${CMAKE_CURRENT_LIST_DIR}/../..")
set(installed ON)
if(EXISTS "${in_vmarea}/CMakeLists.txt")
  set(installed OFF)
endif()
option(VMAREA_INSTALLED "Use the installed vmarea" ${installed})
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
if(VMAREA_INSTALLED)
  find_package(vmarea REQUIRED COMPONENTS shims)
else()
  add_subdirectory("${in_vmarea}" vmarea EXCLUDE_FROM_ALL)
endif()

# SPDX-License-Identifier: MIT
#
# The target vmarea_single_header: single/vmarea.hpp in the build directory is the core as one
# header, single/vmarea_shims.hpp the core and all shims.
set(join "${PROJECT_SOURCE_DIR}/cmake/join_headers.cmake")
set(roots "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/shims")
file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/*.hpp"
     "${PROJECT_SOURCE_DIR}/shims/*.hpp"
)
file(GLOB_RECURSE shims CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/shims"
     "${PROJECT_SOURCE_DIR}/shims/*.hpp"
)
set(entries_of_vmarea vmarea/vmarea.hpp vmarea/instantiate.hpp)
set(entries_of_vmarea_shims ${entries_of_vmarea} ${shims})

set(single "")
foreach(name IN ITEMS vmarea vmarea_shims)
  set(output "${PROJECT_BINARY_DIR}/single/${name}.hpp")
  list(APPEND single "${output}")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" -D "ROOTS=${roots}" -D "HEADERS=${entries_of_${name}}" -D
            "OUTPUT=${output}" -P "${join}"
    DEPENDS "${join}" ${headers}
    COMMENT "Joining headers into single/${name}.hpp"
    VERBATIM
  )
endforeach()
add_custom_target(vmarea_single_header DEPENDS ${single})

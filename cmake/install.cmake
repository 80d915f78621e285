# SPDX-License-Identifier: MIT
#
# Installs headers, CMake package and pkg-config files. All of it is independent of the machine
# and may be moved after the install: nothing below records an absolute path.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/vmarea")
set(pkgconfig_dir "${CMAKE_INSTALL_DATADIR}/pkgconfig")

# An export of its own for each target: what the shims depend on never troubles users of the core.
set(core_sets FILE_SET optional DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT vmarea)
foreach(part IN ITEMS core shims)
  install(
    TARGETS vmarea_${part}
    EXPORT vmarea_${part}
    FILE_SET HEADERS
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    COMPONENT vmarea
    ${${part}_sets}
  )
  install(
    EXPORT vmarea_${part}
    NAMESPACE vmarea::
    FILE vmarea-${part}-targets.cmake
    DESTINATION "${package_dir}"
    COMPONENT vmarea
  )
endforeach()

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/vmarea-config.cmake.in"
  "${PROJECT_BINARY_DIR}/vmarea-config.cmake"
  INSTALL_DESTINATION "${package_dir}"
  NO_SET_AND_CHECK_MACRO
)
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/vmarea-config-version.cmake"
  COMPATIBILITY SameMinorVersion
  ARCH_INDEPENDENT
)
install(
  FILES "${PROJECT_BINARY_DIR}/vmarea-config.cmake"
        "${PROJECT_BINARY_DIR}/vmarea-config-version.cmake"
  DESTINATION "${package_dir}"
  COMPONENT vmarea
)

# The prefix follows from where the .pc file lies; an absolute include directory stays as it is.
cmake_path(
  ABSOLUTE_PATH pkgconfig_dir BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}" OUTPUT_VARIABLE pc_from
)
cmake_path(
  RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY "${pc_from}" OUTPUT_VARIABLE pc_to_prefix
)
set(pc_includedir "\${prefix}")
cmake_path(APPEND pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
foreach(part IN ITEMS core shims)
  configure_file(
    "${PROJECT_SOURCE_DIR}/cmake/vmarea-${part}.pc.in"
    "${PROJECT_BINARY_DIR}/vmarea-${part}.pc"
    @ONLY
  )
  install(
    FILES "${PROJECT_BINARY_DIR}/vmarea-${part}.pc"
    DESTINATION "${pkgconfig_dir}"
    COMPONENT vmarea
  )
endforeach()

install(
  FILES "${PROJECT_SOURCE_DIR}/shims/vmarea_shims/gdb/vmarea_gdb.py"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/vmarea/gdb"
  COMPONENT vmarea
)
install(
  FILES "${PROJECT_SOURCE_DIR}/LICENSE"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}"
  COMPONENT vmarea
)

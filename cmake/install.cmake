# SPDX-License-Identifier: MIT
#
# Installs headers, CMake package, pkg-config files and documents; makes a Debian package of the
# same by `cpack -G DEB`. All of it is independent of the machine and may be moved after the
# install: nothing below records an absolute path.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/vmarea")
set(pkgconfig_dir "${CMAKE_INSTALL_DATADIR}/pkgconfig")
set(userland_source "${CMAKE_INSTALL_DATADIR}/vmarea/userland.cpp")
# Not CMAKE_INSTALL_DOCDIR, which has the name of the project that this one may be a part of.
set(doc_dir "${CMAKE_INSTALL_DATAROOTDIR}/doc/vmarea")

# An export of its own for each target: what the shims depend on never troubles users of the core.
foreach(part IN ITEMS core shims)
  install(
    TARGETS vmarea_${part}
    EXPORT vmarea_${part}
    INCLUDES
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  )
  install(
    EXPORT vmarea_${part}
    NAMESPACE vmarea::
    FILE vmarea-${part}-targets.cmake
    DESTINATION "${package_dir}"
    COMPONENT vmarea
  )
endforeach()

# Headers are taken as they lie there: a list kept by hand forgets one.
install(
  DIRECTORY "${PROJECT_SOURCE_DIR}/include/" "${PROJECT_SOURCE_DIR}/shims/"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  COMPONENT vmarea
  FILES_MATCHING
  PATTERN "*.hpp"
)
install(
  FILES "${PROJECT_SOURCE_DIR}/shims/userland.cpp"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/vmarea"
  COMPONENT vmarea
)

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/vmarea-config.cmake.in"
  "${PROJECT_BINARY_DIR}/vmarea-config.cmake"
  INSTALL_DESTINATION "${package_dir}"
  PATH_VARS userland_source
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
        "${PROJECT_SOURCE_DIR}/cmake/vmarea-userland.cmake"
  DESTINATION "${package_dir}"
  COMPONENT vmarea
)

# The prefix follows from where the .pc file lies; an absolute include directory stays as it is.
get_filename_component(pc_from "${pkgconfig_dir}" ABSOLUTE BASE_DIR "${CMAKE_INSTALL_PREFIX}")
file(RELATIVE_PATH pc_to_prefix "${pc_from}" "${CMAKE_INSTALL_PREFIX}")
foreach(place IN ITEMS CMAKE_INSTALL_INCLUDEDIR userland_source)
  if(IS_ABSOLUTE "${${place}}")
    set(pc_${place} "${${place}}")
  else()
    set(pc_${place} "\${prefix}/${${place}}")
  endif()
endforeach()
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
# Documents lie closer together than in the source, and what they refer to is installed, too: so
# are their links changed.
foreach(document IN ITEMS README.md .github/CHANGELOG.md .github/CONTRIBUTING.md)
  get_filename_component(name "${document}" NAME)
  file(READ "${PROJECT_SOURCE_DIR}/${document}" text)
  string(REGEX REPLACE "(\\]\\()(\\.\\./)?(tests|cmake|\\.github)/" "\\1" text "${text}")
  file(WRITE "${PROJECT_BINARY_DIR}/documents/${name}" "${text}")
  set_property(
    DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${document}"
  )
endforeach()
install(
  DIRECTORY "${PROJECT_BINARY_DIR}/documents/"
  DESTINATION "${doc_dir}"
  COMPONENT vmarea
)
install(
  FILES "${PROJECT_SOURCE_DIR}/LICENSE"
  DESTINATION "${doc_dir}"
  COMPONENT vmarea
)
install(
  DIRECTORY "${PROJECT_SOURCE_DIR}/tests/rules" "${PROJECT_SOURCE_DIR}/tests/examples"
            "${PROJECT_SOURCE_DIR}/cmake/packaging"
  DESTINATION "${doc_dir}"
  COMPONENT vmarea
  PATTERN "rules/CMakeLists.txt" EXCLUDE
  PATTERN "examples/CMakeLists.txt" EXCLUDE
  PATTERN "*.sh" EXCLUDE
)
install(
  FILES "${PROJECT_SOURCE_DIR}/bench/README.md"
  DESTINATION "${doc_dir}/bench"
  COMPONENT vmarea
)
install(
  FILES "${PROJECT_SOURCE_DIR}/tests/live/README.md"
        "${PROJECT_SOURCE_DIR}/tests/live/known_deviations.txt"
  DESTINATION "${doc_dir}/live"
  COMPONENT vmarea
)

if(PROJECT_IS_TOP_LEVEL)
  set(CPACK_PACKAGE_NAME vmarea)
  set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
  set(CPACK_PACKAGE_CONTACT "The vmarea authors")
  set(CPACK_GENERATOR TGZ)
  set(CPACK_DEBIAN_PACKAGE_NAME libvmarea-dev)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
  set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  include(CPack)
endif()

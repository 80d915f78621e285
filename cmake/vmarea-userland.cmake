# SPDX-License-Identifier: MIT
#
# vmarea::userland, a static library of the calls on vmarea::shims::Userland, compiled from
# vmarea_userland_source. It is part of its user's build, also where vmarea is installed: it must
# be compiled by the user's compiler and with the user's flags, and an installed vmarea is then the
# same for every machine. Nothing compiles it before something links it.
add_library(vmarea_userland STATIC EXCLUDE_FROM_ALL "${vmarea_userland_source}")
add_library(vmarea::userland ALIAS vmarea_userland)
target_link_libraries(vmarea_userland PUBLIC vmarea::shims)
target_compile_definitions(vmarea_userland INTERFACE VMAREA_COMPILED_USERLAND)
set_target_properties(vmarea_userland PROPERTIES POSITION_INDEPENDENT_CODE ON)

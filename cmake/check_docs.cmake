# SPDX-License-Identifier: MIT
#
# cmake -D WARNINGS=file -P check_docs.cmake: fails with the first warnings of doxygen, but for
# those that are its own mistakes. It confuses overloads for several sets of flags, since all are
# one template, and does not know what is specialised of the standard library or of fmt.
cmake_minimum_required(VERSION 3.22...4.3)
set(own "no matching (file|class) member found|Internal inconsistency")
string(APPEND own "|documented symbol '[^']*(std|fmt)::[^']*' was not declared")
file(STRINGS "${WARNINGS}" warnings REGEX "(warning|error): ")
list(FILTER warnings EXCLUDE REGEX "${own}")
if(warnings)
  list(REMOVE_DUPLICATES warnings)
  list(JOIN warnings "\n" warnings)
  message(FATAL_ERROR "${warnings}")
endif()

# SPDX-License-Identifier: MIT
#
# Asks ctest for the names of all tests, then judges the rule book with them.
execute_process(
  COMMAND "${CTEST}" --test-dir "${BUILD}" --show-only
  OUTPUT_VARIABLE listed
  COMMAND_ERROR_IS_FATAL ANY
)
string(REGEX MATCHALL "Test +#[0-9]+: [^\n]+" names "${listed}")
list(TRANSFORM names REPLACE "^Test +#[0-9]+: " "")
list(JOIN names "\n" names)
file(WRITE "${NAMES}" "${names}\n")
execute_process(
  COMMAND bash "${ROOT}/tests/rules/check_rules.sh" "${ROOT}/tests/rules" "${ROOT}" "${NAMES}"
  COMMAND_ERROR_IS_FATAL ANY
)

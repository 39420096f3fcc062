# cmake -DSOURCE=... -DOUTPUT=... -DFROM=... -DTO=... -P mutate.cmake
# Copies SOURCE to OUTPUT with the one place that reads FROM replaced by TO. Fails when there is no such place or more
# than one: a mutant that no longer applies must not pass as a caught one.
file(READ "${FROM}" from)
file(READ "${TO}" to)
file(READ "${SOURCE}" text)
string(REGEX REPLACE "\n$" "" from "${from}")
string(REGEX REPLACE "\n$" "" to "${to}")
string(FIND "${text}" "${from}" first)
string(FIND "${text}" "${from}" last REVERSE)
if(first EQUAL -1 OR NOT first EQUAL last)
  message(FATAL_ERROR "${FROM} must occur exactly once in ${SOURCE}")
endif()
string(REPLACE "${from}" "${to}" text "${text}")
file(WRITE "${OUTPUT}" "${text}")

# SPDX-License-Identifier: MIT
#
# cmake -D FOLLOW=... -D PROGRAM=... -D MANY_AREAS=... -D OUT=FILE [-D PYTHON=...] -P: what
# `follow --svg` draws of a program of known calls is there, is XML, and needs nothing from
# elsewhere.
cmake_minimum_required(VERSION 3.25)

# draw(words...): sets `picture`; checks what holds for each.
function(draw)
  file(REMOVE "${OUT}")
  execute_process(
    COMMAND "${FOLLOW}" --quiet "--svg=${OUT}" -- ${ARGV} OUTPUT_QUIET ERROR_VARIABLE said
    RESULT_VARIABLE status
  )
  if(NOT status EQUAL 0)
    message(SEND_ERROR "${ARGV}: status ${status}, ${said}")
  endif()
  file(READ "${OUT}" picture)
  if(PYTHON)
    execute_process(
      COMMAND "${PYTHON}" -c "import sys, xml.dom.minidom as xml; xml.parse(sys.argv[1])" "${OUT}"
              COMMAND_ERROR_IS_FATAL ANY
    )
  endif()
  if(NOT picture MATCHES "^<.xml [^<]*<svg [^<]*<title>" OR NOT picture MATCHES "</svg>\n$")
    message(SEND_ERROR "${ARGV}: no whole picture")
  endif()
  # The name of the language is no reference.
  string(REPLACE "xmlns=\"http://www.w3.org/2000/svg\"" "" rest "${picture}")
  if(rest MATCHES "href|url\\(|@import|://|<script|<image|<foreignObject|<!ENTITY|<!DOCTYPE")
    message(SEND_ERROR "${ARGV}: it needs what is elsewhere: ${CMAKE_MATCH_0}")
  endif()
  set(picture "${picture}" PARENT_SCOPE)
endfunction()

function(shows)
  foreach(text IN LISTS ARGN)
    string(FIND "${picture}" "${text}" at)
    if(at EQUAL -1)
      message(SEND_ERROR "not in the picture: ${text}")
    endif()
  endforeach()
endfunction()

draw("${PROGRAM}")
shows(
  "<title>known_calls: the life of its address space</title>"
  "0 mismatches between the kernel and vmarea"
  # Areas, and when they began and ended.
  "class=\"a anonymous w\""
  "class=\"a file x\""
  "<title>200000000000-200000010000 rw-p 64 KiB anonymous"
  "<title>200000004000-200000008000 r--p 16 KiB anonymous"
  "<title>20000000e000-200000010000 rw-p 8 KiB anonymous"
  ": mprotect(0x200000004000, 16384, PROT_READ) = 0\nuntil "
  # Splits and merges.
  "<title>split at 200000004000\n"
  "<title>merged at 200000008000\n"
  # Calls, those that failed too.
  "mmap 64 KiB rw-</text>"
  "mprotect 8 KiB ---: ENOMEM</text>"
  " = -1 ENOMEM (Cannot allocate memory)</title>"
  # Names, holes, and both schemes.
  ">[stack]</text>"
  "never used: "
  "svg{background:#fff"
  "@media(prefers-color-scheme:dark){svg{background:#0d1117}"
)
if(picture MATCHES "Each row is|drawn together|Not drawn")
  message(SEND_ERROR "something of a small life is not drawn: ${CMAKE_MATCH_0}")
endif()

draw("${PROGRAM}" killed)
shows("<title>20000000e000-200000010000 rw-p 8 KiB anonymous")
draw(env -i "${PROGRAM}")
shows("<title>known_calls: " "the process was before: env")
draw(sh -c "'${PROGRAM}' && '${PROGRAM}' && true")
# A shell may fork or vfork.
shows("<title>sh: " " address spaces of forks and of other programs")
draw("${MANY_AREAS}" 3000)
shows("Each row is " " calls and shows the areas after the last of them; " "are drawn together as ")
file(SIZE "${OUT}" size)
if(size GREATER 2000000)
  message(SEND_ERROR "a large life makes a picture of ${size} bytes")
endif()

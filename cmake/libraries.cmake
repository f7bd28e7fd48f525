# Libraries beyond libm and pthreads. Each is used where pkg-config finds it and defines
# TP_HAVE_<NAME> for the whole library; a file that cannot work without one has a sibling
# <file>_stub.c, which takes its place where the library is absent and says so in an ordinary error.
find_package(PkgConfig)

set(TAPER_LIBRARY_TARGETS)       # what libtaper links
set(TAPER_PKGCONFIG_PRIVATE)     # what a static consumer must link, for the pkg-config file
set(TAPER_PACKAGE_LIBRARIES)     # the same for the CMake package, as TAPER_<NAME>=<module>
set(TAPER_LIBRARY_DEFINITIONS)
set(TAPER_LIBRARIES_FOUND)
set(TAPER_LIBRARIES_ABSENT)
set(TAPER_DROPPED_SOURCES)       # files whose stub is used instead, and stubs whose file is used

# taper_use_library(<NAME> <pkg-config module> [source.c ...])
function(taper_use_library name module)
  if(NOT TAPER_CORE_ONLY AND TAPER_WITH_${name} AND PKG_CONFIG_FOUND)
    pkg_check_modules(TAPER_${name} QUIET IMPORTED_TARGET ${module})
  else()
    set(TAPER_${name}_FOUND FALSE)
  endif()
  if(TAPER_${name}_FOUND)
    set(TAPER_LIBRARY_TARGETS ${TAPER_LIBRARY_TARGETS} PkgConfig::TAPER_${name} PARENT_SCOPE)
    set(TAPER_PKGCONFIG_PRIVATE ${TAPER_PKGCONFIG_PRIVATE} ${TAPER_${name}_LDFLAGS} PARENT_SCOPE)
    set(TAPER_PACKAGE_LIBRARIES ${TAPER_PACKAGE_LIBRARIES} TAPER_${name}=${module} PARENT_SCOPE)
    set(TAPER_LIBRARY_DEFINITIONS ${TAPER_LIBRARY_DEFINITIONS} TP_HAVE_${name}=1 PARENT_SCOPE)
    set(TAPER_LIBRARIES_FOUND ${TAPER_LIBRARIES_FOUND} ${module} PARENT_SCOPE)
  else()
    set(TAPER_LIBRARIES_ABSENT ${TAPER_LIBRARIES_ABSENT} ${module} PARENT_SCOPE)
  endif()
  set(dropped ${TAPER_DROPPED_SOURCES})
  foreach(source IN LISTS ARGN)
    string(REGEX REPLACE "\\.c$" "_stub.c" stub ${source})
    if(TAPER_${name}_FOUND)
      list(APPEND dropped ${stub})
    else()
      list(APPEND dropped ${source})
    endif()
  endforeach()
  set(TAPER_DROPPED_SOURCES ${dropped} PARENT_SCOPE)
endfunction()

# protobuf-c is of use only with its compiler.
find_program(TAPER_PROTOC_C protoc-c)
mark_as_advanced(TAPER_PROTOC_C)
if(NOT TAPER_PROTOC_C)
  set(TAPER_WITH_PROTOBUF OFF)
endif()

#                 name     module     files that have a stub beside them
taper_use_library(ZLIB    zlib      src/vision/idx_gzip.c src/plot/deflate.c src/io/zip_deflate.c)
taper_use_library(JANSSON jansson)
taper_use_library(CURL    libcurl   src/vision/fetch_curl.c)
taper_use_library(PROTOBUF libprotobuf-c src/io/events_proto.c src/io/onnx_read.c
                  src/io/onnx_tensor.c src/io/onnx_pack.c)
taper_use_library(PNG     libpng    src/vision/image/png.c)
taper_use_library(JPEG    libjpeg   src/vision/image/jpeg.c)
taper_use_library(DEFLATE libdeflate src/vision/image/png_fast.c)

# cmocka, for the tests.
if(TAPER_TESTS)
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(CMOCKA QUIET IMPORTED_TARGET cmocka)
  endif()
  if(NOT CMOCKA_FOUND)
    if(TAPER_TESTS STREQUAL AUTO)
      message(STATUS "cmocka not found: tests are left out (scripts/setup.sh test installs it)")
      set(TAPER_TESTS OFF)
    else()
      message(FATAL_ERROR "the tests need cmocka: scripts/setup.sh test installs it")
    endif()
  endif()
endif()

# What whoever builds Taper may choose.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()
if(CMAKE_SOURCE_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR)
  set(taper_top_level ON)
else()
  set(taper_top_level OFF)
endif()

option(TAPER_CORE_ONLY "Only tensors, autograd, layers, optimisers, data: needs libm and pthreads" OFF)
option(TAPER_SHARED "Build and install the shared library" ON)
option(TAPER_WERROR "Treat warnings as errors (packagers may turn it off)" ${taper_top_level})
option(TAPER_SIMD "Build kernels for AVX2, AVX-512 or NEON beside the baseline" ON)
option(TAPER_LTO "Link-time optimisation" OFF)
option(TAPER_BENCH "Build the benchmarks" ${taper_top_level})
option(TAPER_FUZZ "Build the fuzz targets with libFuzzer; needs clang and TAPER_SANITIZE=fuzzer-no-link,..." OFF)
set(TAPER_SANITIZE "" CACHE STRING "Sanitizers to build with, e.g. address,undefined or thread")

# AUTO builds the tests where cmocka is found, ON insists on it.
if(taper_top_level)
  set(TAPER_TESTS AUTO CACHE STRING "Build the tests: ON, OFF or AUTO")
else()
  set(TAPER_TESTS OFF CACHE STRING "Build the tests: ON, OFF or AUTO")
endif()

# Each library is used where it is found; OFF leaves it out on purpose.
foreach(library IN ITEMS ZLIB JANSSON CURL PROTOBUF PNG JPEG DEFLATE)
  option(TAPER_WITH_${library} "Use ${library} where it is found" ON)
endforeach()

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Compiler and linker flags, carried by two interface targets:
#   taper_flags          for all our C code
#   taper_kernel_flags   for src/backend/cpu/kernels, which may use GNU extensions
include(CheckCCompilerFlag)
find_package(Threads REQUIRED)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
# One set of objects serves the static and the shared library.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(taper_common_flags INTERFACE)
target_compile_definitions(taper_common_flags INTERFACE _POSIX_C_SOURCE=200809L)
if(APPLE)
  target_compile_definitions(taper_common_flags INTERFACE _DARWIN_C_SOURCE)
endif()
target_compile_options(taper_common_flags INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
  -Wvla -Wwrite-strings -Wundef -fno-semantic-interposition
  # Messages are cut to their buffers on purpose; gcc asks whether we are sure.
  $<$<C_COMPILER_ID:GNU>:-Wno-clobbered;-Wno-format-truncation>
  $<$<BOOL:${TAPER_WERROR}>:-Werror>)

if(TAPER_SANITIZE)
  set(taper_sanitize_flags -fsanitize=${TAPER_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_compile_options(taper_common_flags INTERFACE ${taper_sanitize_flags}
    $<$<C_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)    # gcc misjudges instrumented code
  target_link_options(taper_common_flags INTERFACE ${taper_sanitize_flags})
endif()

# Releases are small: no tables for unwinding (C needs none), and what nobody calls goes away.
set(taper_is_release OFF)
if(CMAKE_BUILD_TYPE STREQUAL Release AND NOT TAPER_SANITIZE)
  set(taper_is_release ON)
  target_compile_options(taper_common_flags INTERFACE
    -fno-asynchronous-unwind-tables -fno-unwind-tables -ffunction-sections -fdata-sections)
endif()

# The C library's arithmetic must give the same bits with any compiler, so sums and products are
# never fused outside the kernels.
add_library(taper_flags INTERFACE)
target_link_libraries(taper_flags INTERFACE taper_common_flags)
target_compile_options(taper_flags INTERFACE -Wpedantic -ffp-contract=off -fno-math-errno)
if(taper_is_release)
  target_compile_options(taper_flags INTERFACE -O2)    # only kernels gain from -O3
endif()
if(NOT APPLE)
  # A program that downloads nothing should not load libcurl and its thirty libraries.
  target_link_options(taper_flags INTERFACE LINKER:--as-needed)
endif()

# Unoptimised kernels would make tests crawl: they get -O2 even in debug builds. In releases the baseline, which is
# for machines without AVX2 and for tests, is made small; the others are vectorised, but without the copies of
# loops that -O3 makes for cases that do not come up: a quarter smaller, and as fast.
set(taper_kernel_optimisation -O2)
set(taper_baseline_optimisation -O2)
if(taper_is_release)
  set(taper_baseline_optimisation $<IF:$<BOOL:${TAPER_SIMD}>,-Os,-O2>)
  set(taper_kernel_optimisation
    $<IF:$<C_COMPILER_ID:GNU>,-O2;-ftree-vectorize;-fvect-cost-model=dynamic,-O3>)
endif()
add_library(taper_kernel_flags INTERFACE)
target_link_libraries(taper_kernel_flags INTERFACE taper_common_flags)
target_compile_options(taper_kernel_flags INTERFACE
  -fno-math-errno -fno-trapping-math -ffp-contract=fast)

if(TAPER_LTO)
  include(CheckIPOSupported)
  check_ipo_supported(RESULT taper_lto_works OUTPUT taper_lto_output LANGUAGES C)
  if(NOT taper_lto_works)
    message(FATAL_ERROR "TAPER_LTO is on but this compiler cannot: ${taper_lto_output}")
  endif()
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  # The installed static library must work for a consumer without the same compiler.
  target_compile_options(taper_common_flags INTERFACE $<$<C_COMPILER_ID:GNU>:-ffat-lto-objects>)
endif()

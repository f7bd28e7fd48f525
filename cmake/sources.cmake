# Which files make the library. A folder that is not there yet contributes nothing.
set(taper_core_folders base tensor autograd ops backend nn optim data)
set(taper_full_folders vision io train plot dist)
set(taper_folders ${taper_core_folders})
if(NOT TAPER_CORE_ONLY)
  list(APPEND taper_folders ${taper_full_folders})
endif()

set(TAPER_SOURCES)
foreach(folder IN LISTS taper_folders)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
    ${PROJECT_SOURCE_DIR}/src/${folder}/*.c)
  list(APPEND TAPER_SOURCES ${found})
endforeach()
list(FILTER TAPER_SOURCES EXCLUDE REGEX "^src/backend/cpu/kernels/")
list(FILTER TAPER_SOURCES EXCLUDE REGEX "^src/backend/cuda/")
if(TAPER_DROPPED_SOURCES)
  list(REMOVE_ITEM TAPER_SOURCES ${TAPER_DROPPED_SOURCES})
endif()

# Kernels: each file compiled once per instruction set, as an object library of its own.
file(GLOB TAPER_KERNEL_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/backend/cpu/kernels/*.c)
set(TAPER_KERNEL_OBJECTS)
set(TAPER_KERNEL_DEFINITIONS)    # TP_HAVE_AVX2 ..., for what fills the table of kernels
set(TAPER_ISAS)

# taper_add_kernels(<isa> [flag ...])
function(taper_add_kernels isa)
  set(TAPER_ISAS ${TAPER_ISAS} ${isa} PARENT_SCOPE)
  if(NOT isa STREQUAL baseline)
    string(TOUPPER ${isa} upper)
    set(TAPER_KERNEL_DEFINITIONS ${TAPER_KERNEL_DEFINITIONS} TP_HAVE_${upper}=1 PARENT_SCOPE)
  endif()
  if(NOT TAPER_KERNEL_SOURCES)
    return()
  endif()
  set(sources ${TAPER_KERNEL_SOURCES})
  if(NOT isa STREQUAL baseline)    # what gains nothing from wider instructions: see kernels/register.h
    list(FILTER sources EXCLUDE REGEX "/(sort|cumulative)\\.c$")
  endif()
  add_library(taper_kernels_${isa} OBJECT ${sources})
  set_target_properties(taper_kernels_${isa} PROPERTIES C_EXTENSIONS ON)
  target_include_directories(taper_kernels_${isa} PRIVATE
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(taper_kernels_${isa} PRIVATE TP_ISA=${isa} TP_BUILDING=1)
  if(isa STREQUAL baseline)
    target_compile_options(taper_kernels_${isa} PRIVATE ${taper_baseline_optimisation})
  else()
    target_compile_options(taper_kernels_${isa} PRIVATE ${taper_kernel_optimisation} ${ARGN})
  endif()
  target_link_libraries(taper_kernels_${isa} PRIVATE taper_kernel_flags)
  set(TAPER_KERNEL_OBJECTS ${TAPER_KERNEL_OBJECTS} $<TARGET_OBJECTS:taper_kernels_${isa}>
    PARENT_SCOPE)
endfunction()

taper_add_kernels(baseline)
if(TAPER_SIMD AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(taper_avx2_flags -mavx2 -mfma -mf16c)
  set(taper_avx512_flags -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -mprefer-vector-width=512)
  foreach(isa IN ITEMS avx2 avx512)
    string(REPLACE ";" " " taper_probe "${taper_${isa}_flags}")
    check_c_compiler_flag("${taper_probe}" TAPER_COMPILER_KNOWS_${isa})
    if(TAPER_COMPILER_KNOWS_${isa})
      taper_add_kernels(${isa} ${taper_${isa}_flags})
    endif()
  endforeach()
  # Products in bfloat16, for AVX-512 with AVX512-BF16 alone.
  set(taper_bf16_flags ${taper_avx512_flags} -mavx512bf16)
  string(REPLACE ";" " " taper_probe "${taper_bf16_flags}")
  check_c_compiler_flag("${taper_probe}" TAPER_COMPILER_KNOWS_bf16)
  if(TAPER_COMPILER_KNOWS_bf16)
    file(GLOB TAPER_KERNEL_SOURCES CONFIGURE_DEPENDS
      ${PROJECT_SOURCE_DIR}/src/backend/cpu/kernels/bf16/*.c)
    taper_add_kernels(bf16 ${taper_bf16_flags})
  endif()
elseif(TAPER_SIMD AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  taper_add_kernels(neon)        # part of every such machine: no flags
endif()

# Hot loops outside the kernels: random numbers and gathering batches of bytes.
if(taper_is_release)
  file(GLOB taper_hot_sources ${PROJECT_SOURCE_DIR}/src/base/random*.c
    ${PROJECT_SOURCE_DIR}/src/data/gather.c ${PROJECT_SOURCE_DIR}/src/vision/digits_draw.c
    ${PROJECT_SOURCE_DIR}/src/vision/image/picture.c ${PROJECT_SOURCE_DIR}/src/vision/image/png_filter.c
    ${PROJECT_SOURCE_DIR}/src/vision/transforms/*.c)
  set_source_files_properties(${taper_hot_sources} PROPERTIES COMPILE_OPTIONS -O3)
endif()

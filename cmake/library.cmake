# libtaper, static and shared, from one set of objects.
if(NOT TAPER_SOURCES)
  message(FATAL_ERROR "no sources found under ${PROJECT_SOURCE_DIR}/src")
endif()

add_library(taper_objects OBJECT ${TAPER_SOURCES})
target_include_directories(taper_objects PRIVATE
  ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(taper_objects PRIVATE
  TP_BUILDING=1
  ${TAPER_LIBRARY_DEFINITIONS} ${TAPER_KERNEL_DEFINITIONS})
target_link_libraries(taper_objects PRIVATE taper_flags ${TAPER_LIBRARY_TARGETS} Threads::Threads)
if(TARGET taper_proto)
  add_dependencies(taper_objects taper_proto)
  target_include_directories(taper_objects SYSTEM PRIVATE ${taper_proto_dir})
endif()

# taper_finish_library(<target>): what both forms share.
function(taper_finish_library target)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
  target_compile_features(${target} INTERFACE c_std_11)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME taper LINKER_LANGUAGE C)
  target_link_libraries(${target} PRIVATE ${TAPER_LIBRARY_TARGETS} Threads::Threads m)
  target_link_options(${target} PRIVATE ${taper_sanitize_flags})
endfunction()

add_library(taper_static STATIC $<TARGET_OBJECTS:taper_objects> ${TAPER_KERNEL_OBJECTS}
  ${TAPER_PROTO_OBJECTS})
add_library(taper::taper_static ALIAS taper_static)
set_target_properties(taper_static PROPERTIES EXPORT_NAME taper_static)
taper_finish_library(taper_static)

if(TAPER_SHARED)
  add_library(taper SHARED $<TARGET_OBJECTS:taper_objects> ${TAPER_KERNEL_OBJECTS}
    ${TAPER_PROTO_OBJECTS})
  taper_finish_library(taper)
  set_target_properties(taper PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
  if(NOT APPLE)
    target_link_options(taper PRIVATE LINKER:--as-needed LINKER:--gc-sections)
    if(NOT TAPER_SANITIZE)
      target_link_options(taper PRIVATE LINKER:--no-undefined)
    endif()
  endif()
  add_library(taper::taper ALIAS taper)
else()
  add_library(taper::taper ALIAS taper_static)
endif()

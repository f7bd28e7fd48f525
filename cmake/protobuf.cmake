# The messages of event files and ONNX: protoc-c turns src/io/proto/*.proto into C while building.
set(TAPER_PROTO_OBJECTS)
if(TAPER_PROTOBUF_FOUND)
  set(taper_proto_dir ${PROJECT_BINARY_DIR}/proto)
  file(MAKE_DIRECTORY ${taper_proto_dir})
  set(taper_proto_sources)
  foreach(name IN ITEMS events onnx)
    set(made ${taper_proto_dir}/${name}.pb-c.c ${taper_proto_dir}/${name}.pb-c.h)
    add_custom_command(OUTPUT ${made}
      COMMAND ${TAPER_PROTOC_C} --c_out=${taper_proto_dir} --proto_path=${PROJECT_SOURCE_DIR}/src/io/proto
        ${PROJECT_SOURCE_DIR}/src/io/proto/${name}.proto
      DEPENDS ${PROJECT_SOURCE_DIR}/src/io/proto/${name}.proto
      COMMENT "Messages of ${name}.proto" VERBATIM)
    list(APPEND taper_proto_sources ${made})
  endforeach()
  # Generated code keeps to rules of its own: no warnings of ours.
  add_library(taper_proto OBJECT ${taper_proto_sources})
  set_target_properties(taper_proto PROPERTIES C_CLANG_TIDY "" C_EXTENSIONS ON)
  target_compile_options(taper_proto PRIVATE -w)
  target_link_libraries(taper_proto PUBLIC PkgConfig::TAPER_PROTOBUF)
  if(TAPER_SANITIZE)
    target_compile_options(taper_proto PRIVATE ${taper_sanitize_flags})
  endif()
  target_include_directories(taper_proto PUBLIC ${taper_proto_dir})
  set(TAPER_PROTO_OBJECTS $<TARGET_OBJECTS:taper_proto>)
endif()

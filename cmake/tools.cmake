# The reference: `make docs` writes it, and a test holds it free of warnings.
find_program(TAPER_DOXYGEN doxygen)
find_program(TAPER_DOT dot)
mark_as_advanced(TAPER_DOXYGEN TAPER_DOT)
if(TAPER_DOXYGEN)
  set(taper_have_dot NO)
  if(TAPER_DOT)
    set(taper_have_dot YES)
  endif()
  configure_file(${PROJECT_SOURCE_DIR}/docs/Doxyfile.in ${PROJECT_BINARY_DIR}/Doxyfile @ONLY)
  add_custom_target(docs
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/docs
    COMMAND ${TAPER_DOXYGEN} ${PROJECT_BINARY_DIR}/Doxyfile
    COMMAND ${CMAKE_COMMAND} -E echo "The reference: ${PROJECT_BINARY_DIR}/docs/html/index.html"
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM)
  if(TAPER_TESTS AND NOT TAPER_SANITIZE AND NOT TAPER_CORE_ONLY)
    add_test(NAME docs COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target docs)
    set_tests_properties(docs PROPERTIES LABELS install TIMEOUT 300 RUN_SERIAL ON)
  endif()
endif()

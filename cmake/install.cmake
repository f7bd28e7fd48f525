# What `make install` puts where: the library in both forms, headers, the command and its page, a
# pkg-config file and a CMake package. Nothing installed holds an absolute path, so that an installed
# tree may be moved.
include(CMakePackageConfigHelpers)

set(taper_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/taper)
set(taper_installed taper_static)
install(TARGETS taper_static EXPORT taper-static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT taper-static NAMESPACE taper:: DESTINATION ${taper_package_dir}
  FILE taper-static-targets.cmake)
if(TAPER_SHARED)
  list(APPEND taper_installed taper)
  install(TARGETS taper EXPORT taper-shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT taper-shared NAMESPACE taper:: DESTINATION ${taper_package_dir}
    FILE taper-shared-targets.cmake)
endif()
if(TARGET taper_cli)
  list(APPEND taper_installed taper_cli)
  install(TARGETS taper_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES ${PROJECT_SOURCE_DIR}/man/taper.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1
    OPTIONAL)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/taper DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.def")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/taper)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/taper-config.cmake.in
  ${PROJECT_BINARY_DIR}/taper-config.cmake INSTALL_DESTINATION ${taper_package_dir}
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/taper-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/taper-config.cmake
  ${PROJECT_BINARY_DIR}/taper-config-version.cmake DESTINATION ${taper_package_dir})

# The pkg-config file finds its prefix from where it lies itself.
file(RELATIVE_PATH taper_prefix_from_pkgconfig
  /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" taper_prefix_from_pkgconfig "${taper_prefix_from_pkgconfig}")
# Libs.private rather than Requires.private: the latter would ask a consumer of libcurl for every
# library that libcurl itself could be linked with.
string(REPLACE ";" " " taper_private_libs "${TAPER_PKGCONFIG_PRIVATE}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/taper.pc.in ${PROJECT_BINARY_DIR}/taper.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/taper.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# What is installed, without tests, examples and benchmarks.
add_custom_target(taper_all DEPENDS ${taper_installed})

# Installation rules and the package that find_package(stet) finds.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Headers between a folder's own sources, which need other libraries' headers, are not part of the package.
set(private_headers "-inl\\.h$" "/math/(coefficients|functions|lanes|mpfr)" "/simd/targets\\.h$"
  "/cpu/" "/cli/" "/ui/"
  "/reading/(comparison|log_collector|recorded_proto|rerun|scratch_folder|subprocess)\\.h$"
  "/hdf5_handle\\.h$" "/checkpoint_format\\.h$"
  "/tracking/run/(checkpointer|digest_log|event_sink|finite_check|live_run|outbox|output_log|position|process_end|progress)\\.h$"
  "/tracking/run/(record_builder|resume|run_flags|scalar_read|state|state_visitors)\\.h$")
set(exclude_private)
foreach(pattern ${private_headers})
  list(APPEND exclude_private REGEX ${pattern} EXCLUDE)
endforeach()

# stet::stet is all of the libraries; nothing but include folders and C++20 reaches a user's own flags.
add_library(stet_all INTERFACE)
add_library(stet::stet ALIAS stet_all)
set_target_properties(stet_all PROPERTIES EXPORT_NAME stet)
target_compile_features(stet_all INTERFACE cxx_std_20)
set(libraries stet_all)
foreach(folder ${STET_FOLDERS})
  target_link_libraries(stet_all INTERFACE stet_${folder})
  set_target_properties(stet_${folder} PROPERTIES EXPORT_NAME ${folder})
  list(APPEND libraries stet_${folder})
  if(folder STREQUAL cuda)
    continue()  # its headers are between its own sources
  endif()
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/${folder}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/stet/${folder}
    FILES_MATCHING PATTERN "*.h" ${exclude_private})
endforeach()
install(FILES ${STET_INCLUDE_DIR}/stet/stet.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/stet)
install(TARGETS ${libraries} EXPORT stet-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET stet_cli)
  install(TARGETS stet_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/stet)
install(EXPORT stet-targets NAMESPACE stet:: DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/stet-config.cmake.in ${CMAKE_BINARY_DIR}/stet-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/stet-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/stet-config.cmake ${CMAKE_BINARY_DIR}/stet-config-version.cmake
  DESTINATION ${package_dir})

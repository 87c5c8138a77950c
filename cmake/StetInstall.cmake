# Installation rules and the package that find_package(stet) finds.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Headers between a folder's own sources, which need other libraries' headers, are not part of the package.
set(private_headers "-inl\\.h$" "/math/(coefficients|functions|lanes|mpfr)" "/simd/targets\\.h$"
  "/nn/weights/(names|parts|renames|safetensors_header)\\.h$"
  "/data/(bilinear|image_checks|random_box|zip)\\.h$" "/tensor/cpu/" "/tracking/(cli|json|ui)/" "/hdf5_reader\\.h$"
  "/reading/index/" "/reading/(comparison|content_comparison|event_check|groups|indexed_names|known_names|level_buckets|log_collector|log_facts|logged_value|newest_verdict|record_check|record_comparison|recorded_file|recorded_proto|rerun|run_facts|run_index|scratch_folder|selection|subprocess|telling|trust)\\.h$"
  "/query/(names|pattern|tokens|types)\\.h$" "/capture/(git_handle|source_patch)\\.h$"
  "/hdf5_handle\\.h$" "/record/(event_bounds|event_scan|json_bounds|no_signals|restart_point|restore|scalar_keys|state_visitors)\\.h$" "/exchange/(run_manifest|sftp_client|sftp_packet)\\.h$" "/checkpoint_format\\.h$"
  "/tracking/run/(checkpointer|digest_log|event_sink|finite_check|histograms|live_run|log_queue|outbox|output_log|position|process_end|progress|resource_log|run_log|training_watch|unlogged_metrics)\\.h$"
  "/tracking/run/(artifacts|config_entries|logged_names|record_builder|resume|run_flags|scalar_read|state)\\.h$")
set(exclude_private)
foreach(pattern ${private_headers})
  list(APPEND exclude_private REGEX ${pattern} EXCLUDE)
endforeach()

set(libraries stet_all)
foreach(folder ${STET_FOLDERS})
  set_target_properties(stet_${folder} PROPERTIES EXPORT_NAME ${folder})
  list(APPEND libraries stet_${folder})
  if(folder STREQUAL cuda)
    continue()  # its headers are between its own sources
  endif()
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/stet/${folder}
    FILES_MATCHING PATTERN "*.h" ${exclude_private})
endforeach()
set_target_properties(stet_all PROPERTIES EXPORT_NAME stet)
install(FILES ${STET_INCLUDE_DIR}/stet/stet.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/stet)
install(TARGETS ${libraries} EXPORT stet-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS stet_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# What the program says of itself: manual pages, and completion for shells.
if(NOT CMAKE_CROSSCOMPILING)
  set(texts ${PROJECT_BINARY_DIR}/texts)
  add_custom_command(OUTPUT ${texts}/done
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${texts}
    COMMAND stet_cli man ${texts}/man1
    COMMAND stet_cli completion bash > ${texts}/stet
    COMMAND stet_cli completion zsh > ${texts}/_stet
    COMMAND ${CMAKE_COMMAND} -E touch ${texts}/done
    DEPENDS stet_cli COMMENT "Writing manual pages and completion" VERBATIM)
  add_custom_target(stet_texts ALL DEPENDS ${texts}/done)
  if(STET_PACKAGE)  # as Debian has them
    add_custom_command(OUTPUT ${texts}/done APPEND COMMAND gzip -9nr ${texts}/man1)
    set(zsh_functions zsh/vendor-completions)
  else()
    set(zsh_functions zsh/site-functions)
  endif()
  install(DIRECTORY ${texts}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR})
  install(FILES ${texts}/stet DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${texts}/_stet DESTINATION ${CMAKE_INSTALL_DATADIR}/${zsh_functions})
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/stet)
install(EXPORT stet-targets NAMESPACE stet:: DESTINATION ${package_dir})
set(STET_PACKAGE_CUDA "")
if(STET_HAS_CUDA)
  set(STET_PACKAGE_CUDA "CUDAToolkit ")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/stet-config.cmake.in ${PROJECT_BINARY_DIR}/stet-config.cmake @ONLY)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/stet-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/stet-config.cmake ${PROJECT_BINARY_DIR}/stet-config-version.cmake
  DESTINATION ${package_dir})

# For other build systems: `pkg-config --cflags --libs stet`. The prefix is where the file lies, wherever that is.
file(RELATIVE_PATH STET_PREFIX_FROM_PC /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
set(STET_PC_LIBRARIES "")
if(STET_HAS_CUDA)
  set(STET_PC_LIBRARIES "-L${CUDAToolkit_LIBRARY_DIR} -lcudart_static -lrt")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/stet.pc.in ${PROJECT_BINARY_DIR}/stet.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/stet.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# gpu-bundle: one folder with all that checks and measures a GPU, for a machine that has a driver and nothing else of Stet's.
# It is made by cmake/gpu_bundle.sh, which says what it holds.
if(NOT STET_HAS_CUDA)
  return()
endif()
set(STET_BUNDLE ${PROJECT_BINARY_DIR}/gpu-bundle)
set(bundled)
foreach(program cuda_gpu_test digests stet_cli mnist resnet char_gpt gpu_bench bench_steps bench_tracking)
  if(TARGET ${program})
    # Libraries are looked for beside the program's folder first, also those that libraries need: hence the old kind of tag.
    set_target_properties(${program} PROPERTIES BUILD_RPATH "$ORIGIN/../lib")
    target_link_options(${program} PRIVATE LINKER:--disable-new-dtags)
    list(APPEND bundled ${program})
  endif()
endforeach()
list(TRANSFORM bundled REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE files)
add_custom_target(gpu-bundle COMMAND ${PROJECT_SOURCE_DIR}/cmake/gpu_bundle.sh ${STET_BUNDLE} ${files} DEPENDS ${bundled} VERBATIM)

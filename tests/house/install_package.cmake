# Installs the build into a folder of its own, builds a user's project against that copy alone, and runs its program.
#   cmake -D BUILD=… -D WORK=… -D CXX=… [-D LAUNCHER=…] -P install_package.cmake
function(run what)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${WORK} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${what} failed (${status}):\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
file(COPY ${CMAKE_CURRENT_LIST_DIR}/user_project DESTINATION ${WORK})
run("installing" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
file(GLOB_RECURSE package_files ${WORK}/prefix/*.cmake)
foreach(file ${package_files})
  file(READ ${file} text)
  string(FIND "${text}" ${BUILD} position)
  if(NOT position EQUAL -1)
    message(FATAL_ERROR "${file} names the build folder ${BUILD}; the package would break without it")
  endif()
endforeach()
# Both sets of flags must give one output: the second is what users write who want speed at any price.
foreach(flags "-O0" "-O2 -march=native -ffast-math")
  run("configuring the user's project" ${CMAKE_COMMAND} -S ${WORK}/user_project -B ${WORK}/build -G Ninja
    -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}
    -DCMAKE_BUILD_TYPE= "-DCMAKE_CXX_FLAGS=${flags}")
  run("building the user's project" ${CMAKE_COMMAND} --build ${WORK}/build)
  run("the user's program (${flags})" ${WORK}/build/user_program)
  message("${flags}: ${output}")
  if(DEFINED first AND NOT output STREQUAL first)
    message(FATAL_ERROR "the user's compiler flags changed the result:\n${first}\n${output}")
  endif()
  set(first "${output}")
endforeach()

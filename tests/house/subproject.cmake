# Configures a project that has this one as a folder, by add_subdirectory and by FetchContent, and asks what building its program
# would take: the libraries, and no test.
#   cmake -D SOURCE=… -D WORK=… -D CXX=… -D CC=… -P subproject.cmake
file(REMOVE_RECURSE ${WORK})
set(add_subdirectory "add_subdirectory(${SOURCE} stet EXCLUDE_FROM_ALL)")
set(fetch "include(FetchContent)\nFetchContent_Declare(stet SOURCE_DIR ${SOURCE})\nFetchContent_MakeAvailable(stet)")
foreach(way add_subdirectory fetch)
  file(WRITE ${WORK}/${way}/CMakeLists.txt "cmake_minimum_required(VERSION 3.22)\nproject(app CXX)\n${${way}}\n"
    "add_executable(app main.cpp)\ntarget_link_libraries(app stet::stet)\n"
    "if(CMAKE_CXX_STANDARD OR TARGET tensor_test OR TARGET mnist)\n  message(SEND_ERROR \"more than the libraries came\")\nendif()\n"
    "install(TARGETS app)\n")
  file(WRITE ${WORK}/${way}/main.cpp "#include <stet/stet.h>\nint main() {}\n")
  foreach(command "-S;${WORK}/${way};-B;${WORK}/${way}/build;-G;Ninja;-DCMAKE_CXX_COMPILER=${CXX};-DCMAKE_C_COMPILER=${CC}"
      "--build;${WORK}/${way}/build;--;-t;commands;app")
    execute_process(COMMAND ${CMAKE_COMMAND} ${command} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT status EQUAL 0)
      message(FATAL_ERROR "${way}: ${command}:\n${output}")
    endif()
  endforeach()
  if(NOT output MATCHES "libstet_tracking.a" OR output MATCHES "_test")
    message(FATAL_ERROR "${way}: building the program would not do what it takes:\n${output}")
  endif()
endforeach()

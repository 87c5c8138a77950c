# Compiler settings, and the function that makes one library a folder.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

find_program(STET_CCACHE ccache)
if(STET_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${STET_CCACHE})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${STET_CCACHE})
endif()
# Where there is no compiler cache, sources of some libraries are compiled a dozen at a time (a third of the time: most of it goes into the headers
# that they share), and the run record's and tests with precompiled headers. With one, a source at a time does better.
set(without_cache ON)
if(CMAKE_CXX_COMPILER_LAUNCHER MATCHES ccache AND NOT "$ENV{CCACHE_DISABLE}")
  set(without_cache OFF)
endif()
option(STET_PCH "Compile the run record and the tests with precompiled headers" ${without_cache})
option(STET_UNITY "Compile the sources of the libraries and of some tests a dozen at a time" ${without_cache})

# GCC 12's warnings that follow values through inlined functions take a std::variant's unused alternative, or the sum of two std::strings, for
# an error, depending on what else it inlines (its bugs 105562, 105651). Where it inlines otherwise than in an ordinary build they are off; sanitizers see more.
set(STET_WITHOUT_FALSE_ALARMS "$<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-array-bounds;-Wno-restrict;-Wno-stringop-overflow;-Wno-stringop-overread>")

# stet_unity(<target>): what has compiler flags of its own stays apart, such as the CPU's kernels. No class there has
# members of types in an unnamed namespace: GCC 12 takes it for one of a header and warns, GCC 14 ends in an error of its own.
function(stet_unity target)
  if(STET_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
    target_compile_options(${target} PRIVATE "${STET_WITHOUT_FALSE_ALARMS}")
  endif()
endfunction()

# stet_precompile(<target> HEADER <file>): that header's text, compiled once; stet_precompile(<target> FROM <other>): another target's, which has the same flags.
function(stet_precompile target)
  cmake_parse_arguments(arg "" "HEADER;FROM" "" ${ARGN})
  if(NOT STET_PCH)
    return()
  endif()
  if(arg_FROM)
    target_precompile_headers(${target} REUSE_FROM ${arg_FROM})
  else()
    target_precompile_headers(${target} PRIVATE ${arg_HEADER})
  endif()
  target_compile_options(${target} PRIVATE "${STET_WITHOUT_FALSE_ALARMS}")
endfunction()

# The numerics contract: nothing is contracted into a fused multiply-add, nothing is reassociated.
add_compile_options($<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-ffp-contract=off> $<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-fno-fast-math>
  "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-fmad=false -ftz=false -prec-div=true -prec-sqrt=true -Xcompiler=-ffp-contract=off,-Wall,-Wextra>"
  $<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-Wall> $<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-Wextra>)
if(STET_WERROR)
  add_compile_options($<IF:$<COMPILE_LANGUAGE:CUDA>,-Werror=all-warnings,-Werror>)
endif()
if(STET_SANITIZE)
  add_compile_options(-fsanitize=${STET_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${STET_SANITIZE})
  # Sanitized kernels for AVX-512 are slow to compile, convolution's 56 s in place of 12 without them: `make proof` has them.
  option(STET_SANITIZE_AVX512 "Keep the kernels for AVX-512 in a sanitized build" OFF)
  if(NOT STET_SANITIZE_AVX512)
    add_compile_definitions(STET_WITHOUT_AVX512)
  endif()
endif()

# <stet/...> resolves in the build tree exactly as it does once installed.
set(STET_FOLDERS tensor nn data optim tracking cuda)
set(STET_INCLUDE_DIR ${PROJECT_BINARY_DIR}/include)
file(MAKE_DIRECTORY ${STET_INCLUDE_DIR}/stet)
foreach(folder ${STET_FOLDERS})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${STET_INCLUDE_DIR}/stet/${folder} SYMBOLIC)
endforeach()
configure_file(${PROJECT_SOURCE_DIR}/cmake/stet.h ${STET_INCLUDE_DIR}/stet/stet.h COPYONLY)

# stet_library(<folder> [EXCLUDE regex] [LINK targets...]): the static library stet_<folder> of a folder's sources.
function(stet_library name)
  cmake_parse_arguments(arg "" "EXCLUDE" "LINK;PRIVATE_LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(arg_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX ${arg_EXCLUDE})
  endif()
  if(sources)
    add_library(stet_${name} STATIC ${sources})
    target_include_directories(stet_${name} PUBLIC
      $<BUILD_INTERFACE:${STET_INCLUDE_DIR}> $<INSTALL_INTERFACE:include>)
    target_link_libraries(stet_${name} PUBLIC ${arg_LINK} PRIVATE ${arg_PRIVATE_LINK})
  else()
    add_library(stet_${name} INTERFACE)
    target_include_directories(stet_${name} INTERFACE
      $<BUILD_INTERFACE:${STET_INCLUDE_DIR}> $<INSTALL_INTERFACE:include>)
    target_link_libraries(stet_${name} INTERFACE ${arg_LINK} ${arg_PRIVATE_LINK})
  endif()
endfunction()

# foothold_module(NAME SOURCES ... [DEPENDS module ...] [LINK target ...])
#   One static library foothold_NAME. DEPENDS are lower modules (public); LINK are the third-party
#   libraries this module owns (private, so their headers stay inside it).
function(foothold_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  if(arg_SOURCES)
    add_library(foothold_${name} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(foothold_${name} PRIVATE ${arg_LINK})
  else()
    add_library(foothold_${name} INTERFACE)
    set(scope INTERFACE)
    target_link_libraries(foothold_${name} INTERFACE ${arg_LINK})
  endif()
  target_include_directories(foothold_${name} ${scope} ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  list(TRANSFORM arg_DEPENDS PREPEND foothold_)
  target_link_libraries(foothold_${name} ${scope} ${arg_DEPENDS})
endfunction()

# foothold_test(NAME SOURCES ... [LINK target ...] [PREFIX text] [TIMEOUT seconds] [ENVIRONMENT VARIABLE=value])
#   A GoogleTest program NAME_test whose cases ctest lists as PREFIX/Suite.Case (PREFIX is NAME by
#   default). Parity tests use a PREFIX that contains "parity".
function(foothold_test name)
  cmake_parse_arguments(arg "" "PREFIX;TIMEOUT;ENVIRONMENT" "SOURCES;LINK" ${ARGN})
  if(NOT arg_PREFIX)
    set(arg_PREFIX ${name})
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_executable(${name}_test ${arg_SOURCES})
  target_link_libraries(${name}_test PRIVATE foothold_test_support ${arg_LINK})
  set(environment)
  if(arg_ENVIRONMENT)
    set(environment ENVIRONMENT ${arg_ENVIRONMENT})
  endif()
  gtest_discover_tests(${name}_test
    TEST_PREFIX ${arg_PREFIX}/ DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${arg_TIMEOUT} ${environment} SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
endfunction()

# foothold_mpi_test(NAME RANKS n COMMAND target arguments...)
#   A ctest that runs a program under mpirun with n ranks, also as root and on fewer cores.
function(foothold_mpi_test name)
  cmake_parse_arguments(arg "" "RANKS;TIMEOUT" "COMMAND" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  list(POP_FRONT arg_COMMAND program)
  add_test(NAME ${name}
    COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${arg_RANKS} --oversubscribe $<TARGET_FILE:${program}> ${arg_COMMAND})
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${arg_TIMEOUT} PROCESSORS ${arg_RANKS}
    ENVIRONMENT "OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1;OMPI_MCA_rmaps_base_oversubscribe=1;OMPI_MCA_btl_vader_single_copy_mechanism=none")
endfunction()

# foothold_uses_torch(TARGET)
#   Links LibTorch and takes its headers precompiled: they cost seconds in each source file. The module
#   networks makes the precompiled header; everybody else uses the same one.
function(foothold_uses_torch target)
  target_link_libraries(${target} PUBLIC torch::cpu)
  if(target STREQUAL "foothold_networks")
    target_precompile_headers(${target} PRIVATE <ATen/ATen.h>)
  else()
    target_precompile_headers(${target} REUSE_FROM foothold_networks)
    target_compile_options(${target} PRIVATE -fPIC)  # Programs too: the flags of both must agree.
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # False alarms on "text" + std::string again: from a precompiled header they are not suppressed.
    target_compile_options(${target} PRIVATE -Wno-stringop-overflow -Wno-array-bounds)
  endif()
  if(CCACHE_PROGRAM)
    # What ccache wants before it caches anything with a precompiled header.
    set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${CCACHE_PROGRAM}")
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  endif()
endfunction()

# foothold_torch_test(NAME ...): a foothold_test that uses LibTorch. On one thread: idle threads of OpenMP
# spin, and ctest runs several programs side by side.
function(foothold_torch_test name)
  foothold_test(${name} ${ARGN} ENVIRONMENT OMP_NUM_THREADS=1)
  foothold_uses_torch(${name}_test)
endfunction()

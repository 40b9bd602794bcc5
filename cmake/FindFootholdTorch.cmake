# LibTorch inside the torch package of a Python interpreter (FOOTHOLD_PYTHON). Makes the imported targets
#   torch::cpu    libtorch_cpu and libc10
#   torch::cuda   the same with the CUDA kernels, where the package's own CUDA libraries are installed
# Not the package's TorchConfig.cmake: that one enables CUDA, changes the global compile flags and forces
# libtorch_cuda into every program. Sets FootholdTorch_VERSION and FootholdTorch_PYTHON.
set(FootholdTorch_PYTHON "${FOOTHOLD_PYTHON}")
if(NOT FootholdTorch_PYTHON)
  set(FootholdTorch_PYTHON "${PROJECT_SOURCE_DIR}/.venv/bin/python3")  # Of scripts/install_torch.sh.
endif()

# Without importing it, which would need all of its CUDA libraries.
set(_query "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')")
execute_process(COMMAND ${FootholdTorch_PYTHON} -c "${_query}"
  OUTPUT_VARIABLE _package OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE _failed ERROR_QUIET)
set(FootholdTorch_VERSION "")
if(_package AND EXISTS "${_package}/version.py")
  file(STRINGS "${_package}/version.py" _line REGEX "^__version__")
  string(REGEX REPLACE ".*'([0-9.]+).*" "\\1" FootholdTorch_VERSION "${_line}")
endif()

set(_root "NOTFOUND")
if(FootholdTorch_VERSION)
  set(_root "${_package}")
  get_filename_component(_nvidia "${_package}/../nvidia" ABSOLUTE)
endif()
set(FootholdTorch_INCLUDE_DIR "NOTFOUND")
set(FootholdTorch_CPU_LIBRARY "NOTFOUND")
if(EXISTS "${_root}/include/ATen/ATen.h" AND EXISTS "${_root}/lib/libtorch_cpu.so")
  set(FootholdTorch_INCLUDE_DIR "${_root}/include")
  set(FootholdTorch_CPU_LIBRARY "${_root}/lib/libtorch_cpu.so")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(FootholdTorch
  REQUIRED_VARS FootholdTorch_CPU_LIBRARY FootholdTorch_INCLUDE_DIR VERSION_VAR FootholdTorch_VERSION HANDLE_VERSION_RANGE)

if(FootholdTorch_FOUND AND NOT TARGET torch::cpu)
  # Libraries that libtorch itself needs: from its wheels, else from a toolkit of the same CUDA release. The
  # old kind of run path (DT_RPATH) also serves the libraries of libraries.
  file(GLOB _cuda_folders "${_nvidia}/*/lib")
  foreach(_toolkit /usr/local/cuda/lib64 /usr/local/cuda/extras/CUPTI/lib64)
    if(IS_DIRECTORY ${_toolkit})
      list(APPEND _cuda_folders ${_toolkit})
    endif()
  endforeach()
  set(_link_options -Wl,--disable-new-dtags "-Wl,-rpath,${_root}/lib")
  foreach(_folder ${_cuda_folders})
    list(APPEND _link_options "-Wl,-rpath,${_folder}" "-Wl,-rpath-link,${_folder}")
  endforeach()
  add_library(torch::c10 SHARED IMPORTED)
  set_target_properties(torch::c10 PROPERTIES IMPORTED_LOCATION "${_root}/lib/libc10.so")
  add_library(torch::cpu SHARED IMPORTED)
  set_target_properties(torch::cpu PROPERTIES
    IMPORTED_LOCATION "${FootholdTorch_CPU_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${_root}/include;${_root}/include/torch/csrc/api/include"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${_root}/include;${_root}/include/torch/csrc/api/include"
    INTERFACE_LINK_OPTIONS "${_link_options}"
    INTERFACE_LINK_LIBRARIES torch::c10)
  file(GLOB _cudnn "${_nvidia}/cudnn/lib/libcudnn.so*")
  file(GLOB _nccl "${_nvidia}/nccl/lib/libnccl.so*")
  if(EXISTS "${_root}/lib/libtorch_cuda.so" AND _cudnn AND _nccl)
    # Nothing refers to its symbols: kernels register themselves when it is loaded.
    add_library(torch::cuda INTERFACE IMPORTED)
    set_target_properties(torch::cuda PROPERTIES
      INTERFACE_LINK_LIBRARIES torch::cpu
      INTERFACE_LINK_OPTIONS "LINKER:--push-state,--no-as-needed;${_root}/lib/libtorch_cuda.so;${_root}/lib/libc10_cuda.so;LINKER:--pop-state")
  endif()
endif()

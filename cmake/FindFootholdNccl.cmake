# NCCL, beside the CUDA toolkit, in the system, or in the package nvidia-nccl of FOOTHOLD_PYTHON. Makes the
# imported target nccl::nccl.
set(_wheel "")
if(FOOTHOLD_PYTHON)
  get_filename_component(_prefix "${FOOTHOLD_PYTHON}/../.." ABSOLUTE)
  file(GLOB _wheel "${_prefix}/lib/python3*/site-packages/nvidia/nccl")
endif()
find_path(FootholdNccl_INCLUDE_DIR nccl.h HINTS ${_wheel} ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES include)
find_library(FootholdNccl_LIBRARY NAMES nccl libnccl.so.2 HINTS ${_wheel} ${CUDAToolkit_LIBRARY_DIR} /usr/local/cuda/lib PATH_SUFFIXES lib)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(FootholdNccl REQUIRED_VARS FootholdNccl_LIBRARY FootholdNccl_INCLUDE_DIR)
mark_as_advanced(FootholdNccl_LIBRARY FootholdNccl_INCLUDE_DIR)
if(FootholdNccl_FOUND AND NOT TARGET nccl::nccl)
  add_library(nccl::nccl UNKNOWN IMPORTED)
  set_target_properties(nccl::nccl PROPERTIES
    IMPORTED_LOCATION "${FootholdNccl_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${FootholdNccl_INCLUDE_DIR}")
endif()

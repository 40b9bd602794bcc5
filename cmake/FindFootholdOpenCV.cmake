# OpenCV's modules one by one: Debian's own CMake package comes only with libopencv-dev, which pulls
# in every module and their dependencies. Makes imported targets opencv::core, opencv::imgproc, ...
find_path(FootholdOpenCV_INCLUDE_DIR opencv2/core.hpp PATH_SUFFIXES opencv4)
set(_required FootholdOpenCV_INCLUDE_DIR)
foreach(_module core imgproc video videoio calib3d features2d flann objdetect imgcodecs)
  find_library(FootholdOpenCV_${_module}_LIBRARY opencv_${_module})
  list(APPEND _required FootholdOpenCV_${_module}_LIBRARY)
endforeach()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(FootholdOpenCV REQUIRED_VARS ${_required})
if(FootholdOpenCV_FOUND AND NOT TARGET opencv::core)
  foreach(_module core imgproc video videoio calib3d features2d flann objdetect imgcodecs)
    add_library(opencv::${_module} UNKNOWN IMPORTED)
    set_target_properties(opencv::${_module} PROPERTIES
      IMPORTED_LOCATION "${FootholdOpenCV_${_module}_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${FootholdOpenCV_INCLUDE_DIR}")
  endforeach()
endif()

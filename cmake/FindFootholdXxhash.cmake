find_path(FootholdXxhash_INCLUDE_DIR xxhash.h)
find_library(FootholdXxhash_LIBRARY xxhash)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(FootholdXxhash REQUIRED_VARS FootholdXxhash_INCLUDE_DIR FootholdXxhash_LIBRARY)
if(FootholdXxhash_FOUND AND NOT TARGET xxhash::xxhash)
  add_library(xxhash::xxhash UNKNOWN IMPORTED)
  set_target_properties(xxhash::xxhash PROPERTIES
    IMPORTED_LOCATION "${FootholdXxhash_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${FootholdXxhash_INCLUDE_DIR}")
endif()

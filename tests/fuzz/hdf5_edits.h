// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "labels/signed_file.h"

namespace foothold::fuzz {

// Copies the HDF5 file `good` dataset by dataset, editing it as `script` says: one byte per dataset
// chooses to keep it, drop it, change its shape or type, or overwrite a value with a nasty one, which
// further bytes choose. Signed as `format`: so damage behind a good checksum, as a broken writer or a
// forger would make it. An empty script keeps everything.
std::string EditHdf5(const std::string& good, const labels::FileFormat& format, const std::string& script);

}  // namespace foothold::fuzz

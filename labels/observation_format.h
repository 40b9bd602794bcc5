// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/scene/observations.h"
#include "labels/hdf5.h"
#include "labels/signed_file.h"

namespace foothold::labels {

// Inside of observation_file.h, for tests and fuzzing.
inline const FileFormat kObservationFormat = {"foothold-observations", 1, /*accept_unsigned=*/true};

Hdf5Writer& PackObservations(const Observations& observations, Hdf5Writer* writer);
Observations UnpackObservations(const Hdf5Reader& reader);

}  // namespace foothold::labels

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/scene/observations.h"

namespace foothold::labels {

// Observations as HDF5 (docs/observations.md), read back exactly. Same guarantees as WriteLabel and
// ReadLabel; reading ends with CheckObservations.
bool WriteObservations(const Observations& observations, const std::string& path);
Observations ReadObservations(const std::string& path);

}  // namespace foothold::labels

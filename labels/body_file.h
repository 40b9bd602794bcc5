// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foothold/scene/body.h"

namespace foothold::labels {

// Body model from our HDF5 form (.h5) or SMPL's .npz; docs/body_model.md describes both and the
// converter for .pkl. Throws Error(kBadInput).
BodyModel ReadBodyModel(const std::string& path);

// The same from the bytes of a .npz; `origin` starts every error message.
BodyModel ParseBodyNpz(std::vector<uint8_t> bytes, const std::string& origin);

// The CC0 body that ships with Foothold: FOOTHOLD_BODY_MODEL if set, else <prefix>/share/foothold/body,
// else the source tree's data.
std::string DefaultBodyModelPath();

}  // namespace foothold::labels

// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/classical.h"

#include "foothold/base/error.h"

namespace foothold {

std::unique_ptr<Perception> MakeClassicalPerception(const PerceptionOptions&) {
  throw Error(ErrorKind::kUsage, "perception 'classical' is not built yet; use 'recorded' or 'synthetic'");
}

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#include "foothold/cli/learned_perception.h"

#ifdef FOOTHOLD_HAVE_STUDENT
#include "foothold/perception_networks/network_perception.h"
#else
#include "foothold/base/hand_over.h"
#endif

namespace foothold::cli {

std::optional<PerceptionMaker> LearnedPerception(const LabelOptions& options) {
  if (options.perception.name != "networks") return std::nullopt;
#ifdef FOOTHOLD_HAVE_STUDENT
  return MakeNetworkPerception(options.networks);
#else
  HandOverTo("foothold-student");
#endif
}

}  // namespace foothold::cli

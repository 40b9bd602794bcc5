// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/networks/exported/module_card.h"

namespace foothold {

// What each exported network of perception is for, and the tensors that it takes and makes
// (docs/networks.md, "Perception with networks"). Pictures are RGB, float32, 0 to 1, [N, 3, H, W].
namespace role {
inline constexpr char kDetect[] = "detect";    // Pictures to boxes of people. Required.
inline constexpr char kBody[] = "body";        // Crops of people to bodies. Required.
inline constexpr char kMask[] = "mask";        // Pictures to people's pixels.
inline constexpr char kContact[] = "contact";  // Crops of people to vertices that touch something.
inline constexpr char kDepth[] = "depth";      // Pictures to pointmaps.
}  // namespace role

// Throws Error(kContract) for a name that is no role.
const ModuleContract& ContractOf(const std::string& role);
bool IsRequired(const std::string& role);
const std::vector<std::string>& AllRoles();  // In the order above.

}  // namespace foothold

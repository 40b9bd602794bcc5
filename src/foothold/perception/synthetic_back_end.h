// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "foothold/perception/perception.h"
#include "foothold/scene/synthetic.h"

namespace foothold {

// Everything that a synthetic clip is made from. Written beside its video as <name>.synthetic.conf, so
// that the exact observations can be made again.
struct SyntheticRecipe {
  SyntheticOptions options;
  uint64_t seed = 0;
  std::string body_model_hash;
};

// Config file with sections [synthetic] and [recipe]; replaces an existing file.
void WriteSyntheticRecipe(const SyntheticRecipe& recipe, const std::string& path);
// Throws Error(kBadInput) or, for what is not a recipe, Error(kUsage).
SyntheticRecipe ReadSyntheticRecipe(const std::string& path);

// Exact observations of a clip that `foothold synth` rendered: for the clip `name` of a/b/video.mp4,
// from a/b/<name>.synthetic.conf. Throws Error(kBadInput) with reason "recipe_missing" or
// "recipe_mismatch".
std::unique_ptr<Perception> MakeSyntheticPerception();

std::string SyntheticRecipePath(const Clip& clip);

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/synthetic_back_end.h"

#include <charconv>
#include <filesystem>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/config/config_file.h"
#include "foothold/perception/recorded.h"

namespace foothold {

namespace {

// What of a recipe is not an option of the generator.
struct RecipeFields {
  std::string seed = "0";  // 64 bits do not fit an integer option.
  std::string body_model_hash;
  static const OptionTable& Table();
};

const OptionTable& RecipeFields::Table() {
  static const OptionTable table =
      OptionTableBuilder<RecipeFields>("recipe", "What a synthetic clip was made from.")
          .Add("seed", &RecipeFields::seed, {}, "Seed of the generator.")
          .Add("body_model_hash", &RecipeFields::body_model_hash, {}, "Body model of its people.")
          .Build();
  return table;
}

Error Mismatch(const std::string& origin, const std::string& what) {
  return Error(ErrorKind::kBadInput, origin + ": " + what).WithReason("recipe_mismatch");
}

class SyntheticPerception : public Perception {
 public:
  Observations Observe(const Clip& clip, const BodyModel& body, int threads, PhaseTimes* times) override {
    const PhaseTimes::Scope scope(times, "synthesise");
    const std::string path = SyntheticRecipePath(clip);
    if (!std::filesystem::exists(path)) {
      throw Error(ErrorKind::kBadInput,
                  path +
                      ": missing; perception 'synthetic' is for clips that foothold synth made; "
                      "use --perception classical for other videos")
          .WithReason("recipe_missing");
    }
    const SyntheticRecipe recipe = ReadSyntheticRecipe(path);
    if (recipe.body_model_hash != body.content_hash) {
      throw Mismatch(path, "the clip was made with another body model; give the same one");
    }
    Observations observations =
        MakeSyntheticClip(body, recipe.options, clip.name, recipe.seed, threads).observations;
    observations.clip.source_hash.clear();  // Of the recipe, not of the video.
    RequireFit(observations, clip, body, path);
    const ImageTransform working_from_source = observations.clip.working_from_source;
    observations.clip = clip;
    observations.clip.working_from_source = working_from_source;
    return observations;
  }
};

}  // namespace

std::string SyntheticRecipePath(const Clip& clip) {
  return (std::filesystem::path(clip.source_path).parent_path() / (clip.name + ".synthetic.conf")).string();
}

void WriteSyntheticRecipe(const SyntheticRecipe& recipe, const std::string& path) {
  SyntheticRecipe copy = recipe;
  RecipeFields fields{std::to_string(recipe.seed), recipe.body_model_hash};
  OptionSet set;
  set.Bind(&copy.options);
  set.Bind(&fields);
  WriteFileAtomically(path, set.Dump());
}

SyntheticRecipe ReadSyntheticRecipe(const std::string& path) {
  SyntheticRecipe recipe;
  RecipeFields fields;
  OptionSet set;
  set.Bind(&recipe.options);
  set.Bind(&fields);
  for (const OptionAssignment& assignment : ParseConfigFile(path)) {
    set.Assign(assignment.key, assignment.text, assignment.origin);
  }
  set.CheckOrThrow();
  const char* end = fields.seed.data() + fields.seed.size();
  const auto [stop, error] = std::from_chars(fields.seed.data(), end, recipe.seed);
  if (error != std::errc() || stop != end) {
    throw Error(ErrorKind::kUsage, path + ": recipe.seed '" + fields.seed + "' is not a whole number");
  }
  recipe.body_model_hash = fields.body_model_hash;
  return recipe;
}

std::unique_ptr<Perception> MakeSyntheticPerception() { return std::make_unique<SyntheticPerception>(); }

}  // namespace foothold

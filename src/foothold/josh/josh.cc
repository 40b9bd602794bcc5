// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/josh.h"

#include <cmath>
#include <memory>
#include <memory_resource>

#include "foothold/base/error.h"
#include "foothold/base/spill_resource.h"
#include "foothold/josh/alignment.h"
#include "foothold/josh/assemble.h"
#include "foothold/josh/boxes.h"
#include "foothold/josh/contacts.h"
#include "foothold/josh/depth_refinement.h"
#include "foothold/josh/problem.h"
#include "foothold/josh/quality.h"
#include "foothold/josh/released_mode.h"
#include "foothold/josh/scene_points.h"
#include "foothold/josh/steady_pose.h"
#include "foothold/objective/body_prior.h"
#include "foothold/objective/camera_prior.h"
#include "foothold/objective/match2d.h"
#include "foothold/objective/match3d.h"
#include "foothold/objective/smoothness.h"
#include "foothold/solver/levenberg_marquardt.h"
#include "foothold/solver/summary_bytes.h"

namespace foothold {
namespace {

constexpr double kCleaningTolerance = 0.05;  // Above the few per cent by which pointmaps disagree.
constexpr int kCleaningWindow = 3;
// Matches used of each pair, in 2D and in 3D (where errors are smooth over the image).
constexpr int kMaxMatches2d = 1024;
constexpr int kMaxMatches3d = 512;
// Of the log depth ratio between a foot and the surface under it, before and after stage 1.
constexpr double kRoughTolerance = 0.12;
constexpr double kFineTolerance = 0.05;
constexpr int kMotionAnnealing = 4;
// What is left of perception's rotation errors once they are steadied, per axis.
constexpr double kSteadiedRotation_rad = 0.05;

// The scale of the scene comes from contacts, never from motion: both smoothness and planted feet are
// satisfied better in a smaller world. So the terms of motion join last, when the scales are fixed.
enum class Stage { kAlign, kReproject, kMotion };

const char* NameOf(Stage stage) {
  return stage == Stage::kAlign ? "stage1" : stage == Stage::kReproject ? "stage2" : "stage3";
}

// Bodies that may not move stay exactly as they were seen.
bool Steadies(const JoshOptions& options) { return options.steady_poses && options.optimize_bodies; }

// The terms of one clip; index order is that of Summary::terms.
class JointObjective {
 public:
  enum Index {
    kMatch3d,
    kDistance,
    kMatch2d,
    kScale,
    kStatic,
    kBodyPrior,
    kBox,
    kCameraPrior,
    kSmooth,
    kCount
  };

  JointObjective(const Observations& observations,
                 const JoshOptions& options,
                 const Variables& variables,
                 const std::vector<MatchedPair>& pairs,
                 const std::vector<double>& initial,
                 std::pmr::memory_resource* match_memory)
      : options_(options), variables_(variables), terms_(kCount) {
    const auto alignments = PackAlignments(pairs, kMaxMatches3d, match_memory);
    Match3dOptions distance;
    distance.distance_only = true;
    Set(kMatch3d,
        std::make_unique<Match3dTerm>(variables, alignments, Match3dOptions()),
        options.match_weight);
    Set(kDistance, std::make_unique<Match3dTerm>(variables, alignments, distance), options.match_weight);
    // Cameras that are given need no reprojection; their scales come from match3d.
    const double match2d_weight = observations.camera.poses_fixed ? 0 : options.match_weight;
    Set(kMatch2d,
        std::make_unique<Match2dTerm>(variables, pairs, Match2dOptions(), match_memory),
        match2d_weight);
    SetContacts({}, {});
    Set(kStatic,
        std::make_unique<ContactStaticTerm>(
            variables, FindStaticContacts(variables, observations), ContactStaticOptions()),
        options.contact_static_weight);
    BodyPriorOptions prior;
    if (Steadies(options)) prior.rotation_rad = kSteadiedRotation_rad;
    Set(kBodyPrior, std::make_unique<BodyPriorTerm>(variables, prior), options.prior_weight);
    Set(kCameraPrior,
        std::make_unique<CameraPriorTerm>(variables, initial, CameraPriorOptions()),
        options.prior_weight);
    Set(kSmooth, std::make_unique<SmoothnessTerm>(variables, SmoothnessOptions()), options.smooth_weight);
  }

  // What is looked up at the bodies' present place.
  void SetContacts(std::vector<ScaleContact> contacts, std::vector<BoxHeight> boxes) {
    Set(kScale,
        std::make_unique<ContactScaleTerm>(variables_, std::move(contacts), ContactScaleOptions()),
        options_.contact_scale_weight);
    Set(kBox,
        std::make_unique<BoxSizeTerm>(variables_, std::move(boxes), BoxSizeOptions()),
        options_.box_weight);
  }

  // A weight of zero takes a term out of the problem altogether.
  std::vector<WeightedTerm> TermsOf(Stage stage) const {
    std::vector<WeightedTerm> terms = terms_;
    for (WeightedTerm& term : terms) term.active = term.weight > 0;
    // Reprojection takes the place of the part of match3d that lies across the view.
    terms[stage == Stage::kAlign ? kDistance : kMatch3d].active = false;
    if (stage == Stage::kAlign) terms[kMatch2d].active = false;
    if (stage != Stage::kMotion) terms[kStatic].active = terms[kSmooth].active = false;
    return terms;
  }

 private:
  void Set(Index index, std::unique_ptr<EnergyTerm> term, double weight) {
    owned_[index] = std::move(term);
    terms_[index].term = owned_[index].get();
    terms_[index].weight = weight;
  }

  const JoshOptions& options_;
  const Variables& variables_;
  std::unique_ptr<EnergyTerm> owned_[kCount];
  std::vector<WeightedTerm> terms_;
};

// How the minimiser runs, and where and as which of the stages it keeps its state.
struct StageRun {
  Stage stage;
  int threads;
  Journal* journal;
  int number;
};

bool FindStage(const StageRun& run,
               const std::string& key,
               std::vector<double>* values,
               SolverSummary* summary) {
  std::string bytes;
  if (run.journal == nullptr || !run.journal->Find(key, &bytes)) return false;
  ByteReader reader(bytes);
  std::vector<double> kept;
  SolverSummary kept_summary;
  reader.Get(&kept);
  GetSummary(&reader, &kept_summary);
  if (!reader.at_end() || kept.size() != values->size()) return false;
  values->swap(kept);
  *summary = std::move(kept_summary);
  return true;
}

void RunStage(const JointObjective& objective,
              const Variables& variables,
              const JoshOptions& options,
              const StageRun& run,
              std::vector<double>* values,
              SolverSummary* summary) {
  const Stage stage = run.stage;
  const int threads = run.threads;
  const std::string key = "optimise/" + std::to_string(run.number);
  if (FindStage(run, key, values, summary)) return;
  const std::vector<WeightedTerm> terms = objective.TermsOf(stage);
  if (summary->terms.empty()) RegisterTerms(variables.layout, terms, *values, threads, summary);
  MinimizerOptions minimizer;
  minimizer.stage = NameOf(stage);
  minimizer.max_iterations = options.max_iterations;
  minimizer.threads = threads;
  minimizer.journal = run.journal;
  minimizer.journal_key = key + "/iteration";
  if (stage == Stage::kMotion) minimizer.anneal_iterations = kMotionAnnealing;
  Minimize(variables.layout, terms, minimizer, values, summary);
  if (run.journal == nullptr) return;
  ByteWriter writer;
  writer.Put(*values);
  PutSummary(*summary, &writer);
  run.journal->Keep(key, writer.Take());
}

// Brings the scene to metres by the bodies that touch it. Cameras move with the scale.
void StartInMetres(double log_factor, bool cameras_too, InitialAlignment* alignment) {
  for (double& log_scale : alignment->log_scale) log_scale += log_factor;
  if (!cameras_too) return;
  const Vec3d first = alignment->world_from_cam[0].translation;
  for (Rigid3d& camera : alignment->world_from_cam) {
    camera.translation = first + std::exp(log_factor) * (camera.translation - first);
  }
}

// Fixes what the stage, the observations or the options fix.
void FixVariables(const Observations& observations,
                  const JoshOptions& options,
                  Stage stage,
                  bool has_matches,
                  Variables* variables) {
  FixedVariables fixed;
  fixed.focal = stage == Stage::kAlign || !has_matches;
  fixed.scales = stage == Stage::kMotion;
  FixVariables(observations, options, fixed, variables);
}

void AddFlag(const std::string& flag, std::vector<std::string>* flags) {
  for (const std::string& known : *flags) {
    if (known == flag) return;
  }
  flags->push_back(flag);
}

// What is used once matches are packed, with depths of its own; pictures stay where they are.
Observations WithOwnDepths(const Observations& observations) {
  Observations out;
  out.clip = observations.clip;
  out.camera = observations.camera;
  out.ground = observations.ground;
  for (const Keyframe& k : observations.keyframes) {
    out.keyframes.push_back({k.frame, k.depth_m, k.confidence, k.person_mask, {}});
  }
  out.people = observations.people;
  out.flags = observations.flags;
  out.source = observations.source;
  return out;
}

// Where the first stage begins.
struct Beginning {
  InitialAlignment alignment;
  Variables variables;
  bool scale_observed = false;  // By bodies that touch the scene.
  bool scale_fixed = false;     // By given cameras in metres.
};

std::vector<FootContact> FindFeet(const Observations& observations,
                                  const JoshOptions& options,
                                  const Variables& variables,
                                  const std::vector<double>& values,
                                  int threads) {
  const ParameterView view{&variables.layout, values.data()};
  return FindFootContacts(variables, view, observations, options.min_point_confidence, threads);
}

Beginning Begin(const Observations& observations,
                const BodyModel& body,
                const JoshOptions& options,
                const std::vector<MatchedPair>& pairs,
                int threads) {
  Beginning out;
  out.alignment = AlignScales(observations, pairs);
  const std::vector<std::vector<BodyPose>> initial_in_cam =
      Steadies(options) ? SteadyPeople(observations, threads) : SeenBodies(observations);
  out.variables = BuildVariables(observations, body, options, out.alignment, initial_in_cam);
  const std::vector<double>& values = out.variables.layout.initial_values();
  const ParameterView view{&out.variables.layout, values.data()};
  double log_factor = 0;
  out.scale_observed =
      options.contact_scale_weight > 0 &&
      MetricScale(
          out.variables, view, FindFeet(observations, options, out.variables, values, threads), &log_factor);
  out.scale_fixed = observations.camera.poses_fixed && observations.camera.metric;
  if (!out.scale_observed || out.scale_fixed) return out;
  StartInMetres(log_factor, !observations.camera.poses_fixed, &out.alignment);
  out.variables = BuildVariables(observations, body, options, out.alignment, initial_in_cam);
  return out;
}

// The result at the optimised parameters. `given` has the pictures; `spent` as in AssembleReconstruction.
Reconstruction Finish(const Observations& observations,
                      const Observations& given,
                      std::vector<Keyframe>* spent,
                      const BodyModel& body,
                      const JoshOptions& options,
                      const Beginning& beginning,
                      const ParameterView& view) {
  const bool hold_planted_feet = options.contact_static_weight > 0 && options.optimize_bodies;
  Reconstruction out =
      AssembleReconstruction(observations, beginning.variables, view, hold_planted_feet, spent);
  OrientWorld(observations.ground, &out, body);
  if (observations.people.empty()) AddFlag("no_people", &out.flags);
  if (!beginning.scale_observed && !beginning.scale_fixed) AddFlag("scale_unobserved", &out.flags);
  if (beginning.alignment.num_components > 1 && !beginning.scale_fixed)
    AddFlag("graph_disconnected", &out.flags);
  CleanDepths(kCleaningTolerance, kCleaningWindow, &out);
  ScenePointOptions point_options;
  point_options.min_confidence = options.min_point_confidence;
  out.points = GatherScenePoints(out, given, point_options);
  FillJoints(body, &out);
  return out;
}

}  // namespace

JoshResult OptimizeJointly(const Observations& given,
                           const BodyModel& body,
                           const JoshOptions& options,
                           int threads,
                           Journal* journal) {
  FOOTHOLD_CHECK(!given.keyframes.empty(), "observations have no keyframes");
  FOOTHOLD_CHECK(static_cast<int>(given.camera.world_from_cam.size()) == given.clip.num_frames(),
                 "one initial camera per frame");
  if (options.mode == "released") return OptimizeReleased(given, body, options, threads);
  if (options.device != "cpu") {
    throw Error(ErrorKind::kUsage,
                "josh.device = " + options.device + " needs josh.mode = released; mode " + options.mode +
                    " solves on the CPU");
  }
  JoshResult result;
  result.summary.num_keyframes = static_cast<int>(given.keyframes.size());
  SpillResource match_memory(
      static_cast<size_t>(options.match_memory_mb) << 20,
      options.spill_dir,
      "set josh.spill_dir to a folder on a disk with room, or raise josh.match_memory_mb");
  std::vector<MatchedPair> pairs = PackMatches(given, kMaxMatches2d, &match_memory);
  const bool has_matches = !pairs.empty();
  // Depths of fixed cameras stay: nothing but their own noise could move them.
  const bool refine_depth = options.refine_depth && has_matches && !given.camera.poses_fixed;
  Observations corrected;
  if (refine_depth) corrected = WithOwnDepths(given);
  const Observations& observations = refine_depth ? corrected : given;

  Beginning beginning = Begin(observations, body, options, pairs, threads);
  Variables& variables = beginning.variables;
  const std::vector<double> initial = variables.layout.initial_values();
  std::vector<double> values = initial;
  auto objective =
      std::make_unique<JointObjective>(observations, options, variables, pairs, initial, &match_memory);
  const auto contacts_within = [&](double tolerance) {
    const ParameterView view{&variables.layout, values.data()};
    return ChooseSurfaces(
        variables, view, FindFeet(observations, options, variables, values, threads), tolerance);
  };
  // Where the feet are known better, so is the piece of scene under them: surfaces are looked up anew.
  int number = 0;
  const auto run = [&](Stage stage, double tolerance) {
    const ParameterView view{&variables.layout, values.data()};
    objective->SetContacts(contacts_within(tolerance), FindBoxes(variables, view, observations, threads));
    FixVariables(observations, options, stage, has_matches, &variables);
    RunStage(*objective, variables, options, {stage, threads, journal, number++}, &values, &result.summary);
  };
  run(Stage::kAlign, kRoughTolerance);
  run(Stage::kReproject, kFineTolerance);
  if (refine_depth) {
    const ParameterView view{&variables.layout, values.data()};
    ApplyCorrections(RefineDepths(variables, view, observations, pairs, DepthRefinementOptions(), threads),
                     &corrected,
                     &pairs);
    objective.reset();  // Its matches and those of the next take a gigabyte each in long clips.
    objective =
        std::make_unique<JointObjective>(observations, options, variables, pairs, initial, &match_memory);
    run(Stage::kReproject, kFineTolerance);
  }
  run(Stage::kMotion, kFineTolerance);

  const ParameterView view{&variables.layout, values.data()};
  result.quality = MeasureFit(variables, view, pairs, contacts_within(kFineTolerance), threads);
  FixVariables(observations, options, Stage::kReproject, has_matches, &variables);
  MeasureObservability(variables,
                       objective->TermsOf(Stage::kReproject),
                       values,
                       CameraPriorOptions().log_focal,
                       threads,
                       &result.quality);
  // A long clip's matches and its result need not be in memory at the same time.
  objective.reset();
  std::vector<MatchedPair>().swap(pairs);
  result.reconstruction = Finish(
      observations, given, refine_depth ? &corrected.keyframes : nullptr, body, options, beginning, view);
  return result;
}

Reconstruction InitialReconstruction(const Observations& observations, const BodyModel& body) {
  JoshOptions options;
  InitialAlignment alignment;
  for (const Keyframe& keyframe : observations.keyframes) {
    alignment.world_from_cam.push_back(observations.camera.world_from_cam[keyframe.frame]);
  }
  alignment.log_scale.assign(observations.keyframes.size(), 0.0);
  const Variables variables =
      BuildVariables(observations, body, options, alignment, SeenBodies(observations));
  const ParameterView view{&variables.layout, variables.layout.initial_values().data()};
  Reconstruction reconstruction = AssembleReconstruction(observations, variables, view, false);
  OrientWorld(observations.ground, &reconstruction, body);
  FillJoints(body, &reconstruction);
  return reconstruction;
}

}  // namespace foothold

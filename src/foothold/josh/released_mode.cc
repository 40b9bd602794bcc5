// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/released_mode.h"

#include <cmath>

#include "foothold/base/error.h"
#include "foothold/base/log.h"
#include "foothold/josh/assemble.h"
#include "foothold/josh/output_stage.h"
#include "foothold/josh/released_batch.h"
#include "foothold/josh/released_problem.h"
#include "foothold/josh/released_solve.h"
#include "foothold/josh/scene_points.h"

namespace foothold {
namespace {

constexpr double kReleasedCleaningTolerance = 0.001;

std::vector<int> KeyframeFrames(const Observations& observations) {
  std::vector<int> frames;
  for (const Keyframe& keyframe : observations.keyframes) frames.push_back(keyframe.frame);
  return frames;
}

// The depth model of the objective at every pixel.
KeyframeDepth DepthOf(const JointProblem& problem,
                      const ReleasedCameras& cameras,
                      const Keyframe& keyframe,
                      int k) {
  KeyframeDepth out;
  out.frame = keyframe.frame;
  out.scale = cameras.global * cameras.size[k];
  out.depth_m = keyframe.depth_m;
  out.confidence = keyframe.confidence;
  const double shift = problem.median_depth_m[k] * (cameras.focal_px / problem.base_focal_px[k] - 1);
  const double stretch = problem.base_focal_px[k] / cameras.focal_px;
  for (int y = 0; y < out.depth_m.height; ++y) {
    for (int x = 0; x < out.depth_m.width; ++x) {
      float& depth = out.depth_m.At(x, y);
      if (!(depth > 0)) continue;
      const int block = BlockAnchorOf(problem, x, y);
      const double core = problem.core_depth_m[static_cast<size_t>(k) * problem.num_anchors() + block];
      depth = static_cast<float>(out.scale * (core + shift) * (1 + (depth / core - 1) * stretch));
      if (depth > 0) continue;
      depth = 0;
      out.confidence.At(x, y) = 0;
    }
  }
  return out;
}

PersonInWorld PlacePerson(const PersonObservations& person,
                          const BodyModel& model,
                          const OptimisedTrack* optimised,
                          const std::vector<Rigid3d>& world_from_cam,
                          double focal_ratio) {
  BodyTrack track;
  for (const PersonFrame& frame : person.frames) {
    track.frames.push_back(frame.frame);
    track.bodies.push_back(frame.body_in_cam);
    track.shapes.push_back(person.shape);
  }
  if (optimised != nullptr) {
    track = ReplaceByKeyframes(track, *optimised, {0, static_cast<int>(world_from_cam.size())}, focal_ratio);
  }
  PersonInWorld out;
  out.id = person.id;
  out.shape = person.shape;
  out.frames = track.frames;
  out.body_in_world = PlaceInWorld(model, track, world_from_cam, 0);
  out.flags = person.flags;
  for (const PersonFrame& frame : person.frames) {
    out.confidence.push_back(frame.confidence);
    out.box_px.push_back(frame.box_px);
    out.foot_contact.push_back({0, 0, 0, 0});
  }
  if (optimised == nullptr) out.flags.push_back("no_keyframe");
  if (person.contacts.empty()) out.flags.push_back("no_contacts");
  return out;
}

// Bodies never move (ReleasedSolution::align_pull), so keyframes hold the observed ones.
OptimisedTrack KeyframesOf(const JointTrack& track,
                           const PersonObservations& person,
                           const std::vector<int>& keyframes) {
  OptimisedTrack out;
  out.shape = person.shape;
  for (const int k : track.keyframes) {
    for (const PersonFrame& frame : person.frames) {
      if (frame.frame != keyframes[k]) continue;
      out.keyframes.push_back(keyframes[k]);
      out.bodies.push_back(frame.body_in_cam);
    }
  }
  return out;
}

ReleasedSolution Solve(const JointProblem& problem,
                       const BodyModel& body,
                       const JoshOptions& options,
                       int threads) {
  ReleasedSolveOptions solve;
  solve.align_iterations = solve.reproject_iterations = options.max_iterations;
  if (options.device != "cuda") return SolveReleased(problem, body, solve, threads);
  ReleasedBatchOptions batch;
  batch.solve = solve;
  batch.threads = threads;
  ReleasedBatchResult solved =
      std::move(SolveReleasedBatch({&problem}, body, batch, BatchDevice::kCuda).front());
  if (solved.problem.empty()) return std::move(solved.solution);
  // Too many keyframes for a thread block, or numbers that ceased to be finite.
  LogWarning("the GPU cannot solve this clip (" + solved.problem + "); solved on the CPU");
  return SolveReleased(problem, body, solve, threads);
}

}  // namespace

JoshResult OptimizeReleased(const Observations& observations,
                            const BodyModel& body,
                            const JoshOptions& options,
                            int threads) {
  JoshResult result;
  ReleasedInput input;
  try {
    input = MakeReleasedProblem(observations, body);
  } catch (const Error& error) {
    if (error.reason() != "views_disconnected") throw;
    result.reconstruction = InitialReconstruction(observations, body);
    result.reconstruction.flags.push_back("graph_disconnected");
    result.summary.num_keyframes = static_cast<int>(observations.keyframes.size());
    result.summary.termination = SolverSummary::Termination::kNothingToDo;
    result.summary.message = error.what();
    return result;
  }
  const JointProblem& problem = input.problem;
  ReleasedSolution solution = Solve(problem, body, options, threads);
  result.summary = std::move(solution.summary);
  const ReleasedCameras cameras = ComputeCameras(problem, solution.reprojected);

  const std::vector<int> keyframes = KeyframeFrames(observations);
  std::vector<Rigid3d> keyframe_world_from_cam;
  for (int k = 0; k < problem.num_keyframes(); ++k) {
    keyframe_world_from_cam.push_back({QuaternionFromMatrix(cameras.rotation[k]), cameras.center_m[k]});
  }
  Reconstruction& out = result.reconstruction;
  out.pinhole = observations.camera.pinhole;
  out.pinhole.focal_px = cameras.focal_px;
  out.distortion = observations.camera.distortion;
  out.world_from_cam = CamerasOfAllFrames(keyframes, keyframe_world_from_cam, observations.clip.num_frames());
  for (int k = 0; k < problem.num_keyframes(); ++k) {
    out.keyframes.push_back(DepthOf(problem, cameras, observations.keyframes[k], k));
  }
  const double focal_ratio = cameras.focal_px / problem.initial_focal_px;
  std::vector<OptimisedTrack> tracks(observations.people.size());
  for (size_t k = 0; k < problem.tracks.size(); ++k) {
    const int p = input.track_person[k];
    tracks[p] = KeyframesOf(problem.tracks[k], observations.people[p], keyframes);
  }
  for (size_t p = 0; p < observations.people.size(); ++p) {
    const OptimisedTrack* track = tracks[p].keyframes.empty() ? nullptr : &tracks[p];
    out.people.push_back(PlacePerson(observations.people[p], body, track, out.world_from_cam, focal_ratio));
  }
  out.flags = observations.flags;
  OrientWorld(observations.ground, &out, body);
  CleanDepths(kReleasedCleaningTolerance, problem.num_keyframes(), &out);
  ScenePointOptions point_options;
  point_options.min_confidence = options.min_point_confidence;
  out.points = GatherScenePoints(out, observations, point_options);
  FillJoints(body, &out);
  return result;
}

}  // namespace foothold

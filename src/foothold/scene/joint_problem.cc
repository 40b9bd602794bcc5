// SPDX-License-Identifier: Apache-2.0
#include "foothold/scene/joint_problem.h"

#include <algorithm>
#include <cmath>

#include "foothold/scene/problem_list.h"

namespace foothold {
namespace {

bool AllPositive(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v) && v > 0; });
}

bool AllWeights(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v) && v >= 0; });
}

bool AllBelow(const std::vector<uint16_t>& values, int limit) {
  return std::all_of(values.begin(), values.end(), [limit](uint16_t v) { return v < limit; });
}

void CheckFrames(const JointProblem& problem, ProblemList* list) {
  const size_t frames = problem.median_depth_m.size();
  list->RequirePositive("width", problem.width);
  list->RequirePositive("height", problem.height);
  list->RequirePositive("anchors", problem.num_anchors());
  list->RequirePositive("initial_focal", problem.initial_focal_px);
  list->RequirePositive("keyframes", static_cast<double>(frames));
  list->RequireSize("frames/base_focal", problem.base_focal_px.size(), frames);
  list->RequireSize("frames/core_depth", problem.core_depth_m.size(), frames * problem.num_anchors());
  if (!AllPositive(problem.median_depth_m))
    list->Add("frames/median_depth", "holds a value that is not positive");
  if (!AllPositive(problem.base_focal_px))
    list->Add("frames/base_focal", "holds a value that is not positive");
  if (!AllPositive(problem.core_depth_m))
    list->Add("frames/core_depth", "holds a value that is not positive");
}

void CheckMatches(const JointProblem& problem, ProblemList* list) {
  const MatchArrays& matches = problem.matches;
  const size_t count = matches.size();
  for (const size_t size : {matches.x1.size(),
                            matches.y1.size(),
                            matches.x2.size(),
                            matches.y2.size(),
                            matches.anchor1.size(),
                            matches.anchor2.size(),
                            matches.omega1.size(),
                            matches.omega2.size()}) {
    list->RequireSize("matches", size, count);
  }
  if (!AllBelow(matches.anchor1, problem.num_anchors()) ||
      !AllBelow(matches.anchor2, problem.num_anchors())) {
    list->Add("matches/anchor", "names an anchor outside the image");
  }
  if (!AllPositive(matches.omega1) || !AllPositive(matches.omega2)) {
    list->Add("matches/omega", "holds a value that is not positive");
  }
  if (!AllWeights(matches.confidence))
    list->Add("matches/confidence", "holds a negative or non-finite value");
  const int frames = problem.num_keyframes();
  for (const auto& [i, j] : problem.pairs) {
    if (i < 0 || j <= i || j >= frames) {
      list->Add("pairs/frames",
                "holds (" + std::to_string(i) + ", " + std::to_string(j) + "), expected i < j < " +
                    std::to_string(frames));
      break;
    }
  }
  list->RequireSize("pairs/offset", problem.offset.size(), problem.pairs.size() + 1);
  const bool ascending = std::is_sorted(problem.offset.begin(), problem.offset.end());
  if (problem.offset.empty() || !ascending || problem.offset.front() != 0 ||
      problem.offset.back() != static_cast<int64_t>(count)) {
    list->Add("pairs/offset", "does not ascend from 0 to the number of matches");
  }
}

void CheckTree(const JointProblem& problem, ProblemList* list) {
  const int frames = problem.num_keyframes();
  std::vector<bool> reached(std::max(frames, 1), false);
  bool tree =
      problem.root >= 0 && problem.root < frames && static_cast<int>(problem.edges.size()) == frames - 1;
  if (tree) reached[problem.root] = true;
  for (const auto& [parent, child] : problem.edges) {
    tree = tree && parent >= 0 && parent < frames && child >= 0 && child < frames && reached[parent] &&
           !reached[child];
    if (!tree) break;
    reached[child] = true;
  }
  if (!tree) list->Add("tree", "is not a spanning tree of the keyframes, parents first");
}

void CheckTrack(const JointProblem& problem,
                const std::string& in,
                const JointTrack& track,
                int num_vertices,
                ProblemList* list) {
  const int bodies = static_cast<int>(track.keyframes.size());
  list->RequireAscending(in + "frames", track.keyframes, problem.num_keyframes());
  list->RequireSize(in + "root_quaternion", track.initial.root.size(), bodies);
  list->RequireSize(in + "translation", track.initial.translation_m.size(), bodies);
  list->RequireSize(in + "body_rotation", track.initial.rotation.size(), bodies);
  list->RequireFinite(in + "betas", track.initial.shape.data(), kNumShape);
  for (const Quatd& q : track.initial.root) list->RequireUnit(in + "root_quaternion", q);
  for (const Vec3d& t : track.initial.translation_m) list->RequireFinite(in + "translation", t);
  for (const auto& rotations : track.initial.rotation) {
    for (const Mat3d& rotation : rotations) list->RequireFinite(in + "body_rotation", rotation.data, 9);
  }
  for (const AnchorContact& c : track.scale_contacts) {
    if (c.keyframe < 0 || c.keyframe >= problem.num_keyframes() || c.anchor < 0 ||
        c.anchor >= problem.num_anchors() || c.body < 0 || c.body >= bodies || c.vertex < 0 ||
        c.vertex >= num_vertices || !(c.omega > 0) || !(c.confidence >= 0) ||
        !std::isfinite(c.omega * c.confidence)) {
      list->Add(in + "scale_contacts", "holds an entry that is out of range");
      break;
    }
  }
  for (const RepeatedContact& c : track.static_contacts) {
    if (c.body <= 0 || c.body >= bodies || c.previous_body < 0 || c.previous_body >= c.body || c.vertex < 0 ||
        c.vertex >= num_vertices) {
      list->Add(in + "static_contacts", "holds an entry that is out of range");
      break;
    }
  }
}

}  // namespace

int JointProblem::num_bodies() const {
  size_t count = 0;
  for (const JointTrack& track : tracks) count += track.keyframes.size();
  return static_cast<int>(count);
}

JointParameters InitialParameters(const JointProblem& problem) {
  JointParameters parameters;
  parameters.camera_rotation.assign(problem.num_keyframes(), Quatd::Identity());
  parameters.camera_tau_m.assign(problem.num_keyframes(), Vec3d::Zero());
  parameters.log_size.assign(problem.num_keyframes(), 0.0);
  parameters.log_focal = std::log(problem.initial_focal_px);
  for (const JointTrack& track : problem.tracks) parameters.tracks.push_back(track.initial);
  return parameters;
}

std::vector<std::string> CheckJointProblem(const JointProblem& problem, int num_vertices) {
  ProblemList list;
  CheckFrames(problem, &list);
  CheckMatches(problem, &list);
  CheckTree(problem, &list);
  for (size_t k = 0; k < problem.tracks.size(); ++k) {
    CheckTrack(problem, "tracks/" + std::to_string(k) + "/", problem.tracks[k], num_vertices, &list);
  }
  return list.problems();
}

}  // namespace foothold

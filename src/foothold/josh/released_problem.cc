// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/released_problem.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "foothold/base/error.h"
#include "foothold/josh/pose_tree.h"

namespace foothold {
namespace {

constexpr int kBlock_px = 8, kAnchorOffset_px = 4;
constexpr float kMinMatchConfidence = 1e-3f;
constexpr double kContactReach_m = 0.05;    // From a joint to the vertex that stands for its contact.
constexpr float kSceneConfidence = 0.1f;    // Scene above it, people and unknown depth below.
constexpr double kDepthFilterRatio = 1.01;  // Between the ratios to the anchor (sic) of body and scene pixel.

// Depths of the anchors; a block whose anchor has none takes the first of its pixels that has, else the
// median of the keyframe (nothing refers to it).
void AddKeyframe(const Keyframe& keyframe, JointProblem* problem) {
  std::vector<float> core;
  std::vector<size_t> unknown;
  for (int b = 0; b < problem->num_anchors(); ++b) {
    const int x0 = kBlock_px * (b % problem->anchors_x), y0 = kBlock_px * (b / problem->anchors_x);
    float depth = keyframe.depth_m.At(x0 + kAnchorOffset_px, y0 + kAnchorOffset_px);
    for (int p = 0; p < kBlock_px * kBlock_px && !(depth > 0); ++p) {
      depth = keyframe.depth_m.At(x0 + p % kBlock_px, y0 + p / kBlock_px);
    }
    if (!(depth > 0)) unknown.push_back(core.size());
    core.push_back(depth);
  }
  std::vector<float> known;
  std::copy_if(core.begin(), core.end(), std::back_inserter(known), [](float d) { return d > 0; });
  const size_t middle = known.empty() ? 0 : (known.size() - 1) / 2;
  if (!known.empty())
    std::nth_element(known.begin(), known.begin() + static_cast<std::ptrdiff_t>(middle), known.end());
  const float median = known.empty() ? 1 : known[middle];
  for (const size_t b : unknown) core[b] = median;
  problem->core_depth_m.insert(problem->core_depth_m.end(), core.begin(), core.end());
  problem->median_depth_m.push_back(median);
  problem->base_focal_px.push_back(static_cast<float>(problem->initial_focal_px));
}

struct AnchoredPixel {
  int x, y, anchor;
  float omega;
};

// Nothing where the depth is unknown. `x`, `y` are pixels of the observations' camera.
std::optional<AnchoredPixel> AnchorPixel(
    const JointProblem& problem, const Keyframe& keyframe, int k, int x, int y) {
  if (!keyframe.depth_m.Contains(x, y) || x >= kBlock_px * problem.anchors_x ||
      y >= kBlock_px * problem.anchors_y) {
    return std::nullopt;
  }
  const float depth = keyframe.depth_m.At(x, y);
  if (!(depth > 0)) return std::nullopt;
  const int anchor = BlockAnchorOf(problem, x, y);
  const float core = problem.core_depth_m[static_cast<size_t>(k) * problem.num_anchors() + anchor];
  return AnchoredPixel{x, y, anchor, depth / core};
}

void AddPairs(const Observations& observations, JointProblem* problem, std::vector<double>* scores) {
  const int count = static_cast<int>(observations.keyframes.size());
  MatchArrays& out = problem->matches;
  problem->offset = {0};
  for (const KeyframePair& pair : observations.pairs) {
    double& score = (*scores)[static_cast<size_t>(pair.i) * count + pair.j];
    for (const PixelMatch& match : pair.matches) {
      if (!(match.confidence > kMinMatchConfidence)) continue;
      const auto end_of = [&](int k, float x, float y) {
        return AnchorPixel(*problem,
                           observations.keyframes[k],
                           k,
                           static_cast<int>(std::lround(x)),
                           static_cast<int>(std::lround(y)));
      };
      const auto first = end_of(pair.i, match.x_i, match.y_i), second = end_of(pair.j, match.x_j, match.y_j);
      if (!first || !second) continue;
      out.x1.push_back(static_cast<uint16_t>(first->x));
      out.y1.push_back(static_cast<uint16_t>(first->y));
      out.x2.push_back(static_cast<uint16_t>(second->x));
      out.y2.push_back(static_cast<uint16_t>(second->y));
      out.anchor1.push_back(static_cast<uint16_t>(first->anchor));
      out.anchor2.push_back(static_cast<uint16_t>(second->anchor));
      out.omega1.push_back(first->omega);
      out.omega2.push_back(second->omega);
      out.confidence.push_back(match.confidence);
      ++score;
    }
    (*scores)[static_cast<size_t>(pair.j) * count + pair.i] = score;
    problem->pairs.push_back({pair.i, pair.j});
    problem->offset.push_back(static_cast<int64_t>(out.size()));
  }
}

// The contact vertex nearest to each joint, within reach, ascending by joint; a vertex may come twice.
std::vector<int> NearJoints(const std::vector<Vec3d>& joints,
                            const std::vector<Vec3d>& points,
                            const std::vector<int>& vertices) {
  std::vector<int> kept;
  for (const Vec3d& joint : joints) {
    double nearest = kContactReach_m;
    int vertex = -1;
    for (size_t v = 0; v < vertices.size(); ++v) {
      const double distance = Norm(points[v] - joint);
      if (distance < nearest) {
        nearest = distance;
        vertex = vertices[v];
      }
    }
    if (vertex >= 0) kept.push_back(vertex);
  }
  return kept;
}

// Ratio of a pixel's depth to that of its anchor; 1 where the depth is unknown.
float RatioAt(const JointProblem& problem, const Keyframe& keyframe, int k, int x, int y) {
  const auto pixel = AnchorPixel(problem, keyframe, k, x, y);
  return pixel ? pixel->omega : 1;
}

// The scene pixel nearest to where the vertex is seen, as the released code chooses it.
std::optional<AnchorContact> SceneContact(const JointProblem& problem,
                                          const Observations& observations,
                                          int k,
                                          int body,
                                          int vertex,
                                          const Vec3d& point) {
  if (!(point[2] > 0)) return std::nullopt;
  const Keyframe& keyframe = observations.keyframes[k];
  const Pinholed& pinhole = observations.camera.pinhole;
  const double u = pinhole.focal_px * point[0] / point[2] + pinhole.center_x_px;
  const double v = pinhole.focal_px * point[1] / point[2] + pinhole.center_y_px;
  if (!(u >= 0 && v >= 0 && u < keyframe.confidence.width && v < keyframe.confidence.height))
    return std::nullopt;
  const int x = static_cast<int>(u), y = static_cast<int>(v);
  if (keyframe.confidence.At(x, y) > kSceneConfidence) return std::nullopt;
  int best_x = -1, best_y = -1;
  int64_t best = std::numeric_limits<int64_t>::max();
  for (int row = 0; row < keyframe.confidence.height; ++row) {
    for (int column = 0; column < keyframe.confidence.width; ++column) {
      if (!(keyframe.confidence.At(column, row) > kSceneConfidence)) continue;
      const int64_t dx = column - x, dy = row - y, distance = dx * dx + dy * dy;
      if (distance >= best) continue;
      best = distance;
      best_x = column;
      best_y = row;
    }
  }
  if (best_x < 0) return std::nullopt;
  const auto scene = AnchorPixel(problem, keyframe, k, best_x, best_y);
  if (!scene) return std::nullopt;
  const double body_ratio = RatioAt(problem, keyframe, k, x, y);
  if (std::max(body_ratio / scene->omega, scene->omega / body_ratio) > kDepthFilterRatio) return std::nullopt;
  return AnchorContact{k, scene->anchor, scene->omega, keyframe.confidence.At(best_x, best_y), body, vertex};
}

void AddContacts(const Observations& observations,
                 const BodyModel& model,
                 const PersonObservations& person,
                 const JointProblem& problem,
                 const std::vector<BodyPose>& bodies,
                 JointTrack* track) {
  std::map<int, std::vector<int>> vertices_of;
  for (const Contact& contact : person.contacts) vertices_of[contact.keyframe].push_back(contact.vertex);
  std::vector<int> before;
  int body_before = -1;
  for (size_t t = 0; t < track->keyframes.size(); ++t) {
    const int k = track->keyframes[t];
    const auto found = vertices_of.find(k);
    if (found == vertices_of.end()) continue;
    const PosedSkeleton skeleton = PoseSkeleton(model, person.shape, bodies[t]);
    const std::vector<Vec3d> joints(skeleton.joints_m.begin(), skeleton.joints_m.end());
    const std::vector<Vec3d> points = PoseVertices(model, person.shape, bodies[t], found->second);
    const std::vector<int> kept = NearJoints(joints, points, found->second);
    for (const int vertex : kept) {
      const auto at = std::find(found->second.begin(), found->second.end(), vertex) - found->second.begin();
      const auto scene = SceneContact(problem, observations, k, static_cast<int>(t), vertex, points[at]);
      if (scene) track->scale_contacts.push_back(*scene);
      if (std::find(before.begin(), before.end(), vertex) != before.end()) {
        track->static_contacts.push_back({static_cast<int>(t), body_before, vertex});
      }
    }
    if (kept.empty()) continue;
    before = kept;
    body_before = static_cast<int>(t);
  }
}

std::optional<JointTrack> MakeTrack(const Observations& observations,
                                    const BodyModel& model,
                                    const PersonObservations& person,
                                    const JointProblem& problem) {
  JointTrack track;
  track.initial.shape = person.shape;
  std::vector<BodyPose> bodies;
  for (size_t k = 0; k < observations.keyframes.size(); ++k) {
    const auto entry = std::find_if(person.frames.begin(), person.frames.end(), [&](const PersonFrame& f) {
      return f.frame == observations.keyframes[k].frame;
    });
    if (entry == person.frames.end()) continue;
    const BodyPose& body = entry->body_in_cam;
    track.keyframes.push_back(static_cast<int>(k));
    track.initial.root.push_back(body.root);
    track.initial.translation_m.push_back(body.translation_m);
    track.initial.rotation.emplace_back();
    for (int j = 0; j < kNumJoints - 1; ++j)
      track.initial.rotation.back()[j] = MatrixFromQuaternion(body.joints[j]);
    bodies.push_back(body);
  }
  if (track.keyframes.empty()) return std::nullopt;
  AddContacts(observations, model, person, problem, bodies, &track);
  return track;
}

}  // namespace

int BlockAnchorOf(const JointProblem& problem, int x_px, int y_px) {
  return std::min(y_px / kBlock_px, problem.anchors_y - 1) * problem.anchors_x +
         std::min(x_px / kBlock_px, problem.anchors_x - 1);
}

ReleasedInput MakeReleasedProblem(const Observations& observations, const BodyModel& body) {
  ReleasedInput input;
  JointProblem& problem = input.problem;
  const int count = static_cast<int>(observations.keyframes.size());
  FOOTHOLD_CHECK(count > 0, "observations have keyframes");
  const ImageF& depth = observations.keyframes[0].depth_m;
  problem.width = depth.width;
  problem.height = depth.height;
  problem.anchors_x = depth.width / kBlock_px;
  problem.anchors_y = depth.height / kBlock_px;
  FOOTHOLD_CHECK(problem.num_anchors() > 0 && problem.num_anchors() <= 65536, "images hold anchors");
  problem.initial_focal_px = observations.camera.pinhole.focal_px;
  for (const Keyframe& keyframe : observations.keyframes) AddKeyframe(keyframe, &problem);
  std::vector<double> scores(static_cast<size_t>(count) * count, 0.0);
  AddPairs(observations, &problem, &scores);
  const PoseTree tree = BuildPoseTree(scores, count);
  problem.root = tree.root;
  problem.edges = tree.edges;
  for (size_t p = 0; p < observations.people.size(); ++p) {
    std::optional<JointTrack> track = MakeTrack(observations, body, observations.people[p], problem);
    if (!track) continue;
    problem.tracks.push_back(std::move(*track));
    input.track_person.push_back(static_cast<int>(p));
  }
  return input;
}

}  // namespace foothold

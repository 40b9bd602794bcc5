// SPDX-License-Identifier: Apache-2.0
// Truth and exact observations of a synthetic world.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "foothold/base/parallel.h"
#include "foothold/scene/synthetic_state.h"
#include "foothold/scene/synthetic_view.h"

namespace foothold::synthetic {
namespace {

constexpr int kPairWindow = 10;             // Keyframes.
constexpr double kVisibleShare = 0.2;       // Of the silhouette, for a person to be observed.
constexpr double kTouch_m = 2e-3;           // A vertex this close to the surface touches it.
constexpr double kStill_m = 1e-3;           // A vertex that moves less between keyframes is stationary.
constexpr double kFootTouch_m = 3e-3;       // For the heel and toe flags of the truth.
constexpr size_t kMaxContactVertices = 12;  // Per foot.
constexpr int kPointStride_px = 8;          // Of the truth's scene points.
constexpr int kLoopGap = 40;                // Keyframes between which one counts as long ago.
constexpr double kLoopDistance_m = 2.5;     // Between cameras that see the same surfaces.
constexpr double kLoopTurn_rad = 0.8;

using World = SyntheticClip::World;

// What one frame shows of one person.
struct Sighting {
  double visible_share = 0;
  Box box_px;
  std::array<float, 2> heel_toe[2] = {};  // Touching, per side.
};

struct FrameFacts {
  std::vector<Sighting> people;
  Layers layers;  // Kept at keyframes only.
};

// Share of the mesh's vertices that project into the image.
double ShareInImage(const View& view, const std::vector<Vec3d>& vertices) {
  const Rigid3d cam_from_world = Inverse(view.world_from_cam);
  size_t inside = 0;
  for (const Vec3d& vertex : vertices) {
    const Vec3d in_cam = cam_from_world * vertex;
    if (in_cam[2] < 0.1) continue;
    const Vec2d pixel = Project(view.sensor.pinhole, in_cam);
    inside += pixel[0] > -0.5 && pixel[1] > -0.5 && pixel[0] < view.sensor.width - 0.5 &&
              pixel[1] < view.sensor.height - 0.5;
  }
  return static_cast<double>(inside) / static_cast<double>(vertices.size());
}

std::vector<Sighting> Sightings(const View& view,
                                const std::vector<std::vector<Vec3d>>& meshes,
                                const Layers& layers) {
  const size_t count = meshes.size();
  std::vector<std::array<int, 4>> bounds(count, {view.sensor.width, view.sensor.height, -1, -1});
  std::vector<int> seen(count, 0);
  for (int y = 0; y < view.sensor.height; ++y) {
    for (int x = 0; x < view.sensor.width; ++x) {
      const int person = layers.person.At(x, y) - 1;
      if (person < 0) continue;
      ++seen[person];
      std::array<int, 4>& b = bounds[person];
      b = {std::min(b[0], x), std::min(b[1], y), std::max(b[2], x), std::max(b[3], y)};
    }
  }
  std::vector<Sighting> sightings(count);
  for (size_t p = 0; p < count; ++p) {
    if (seen[p] == 0) continue;
    const std::array<int, 4>& b = bounds[p];
    sightings[p].box_px = {static_cast<float>(b[0]),
                           static_cast<float>(b[1]),
                           static_cast<float>(b[2] - b[0] + 1),
                           static_cast<float>(b[3] - b[1] + 1)};
    sightings[p].visible_share = ShareInImage(view, meshes[p]) * seen[p] / layers.drawn_pixels[p];
  }
  return sightings;
}

// Distance above the walkable surface, along its normal.
double HeightAboveSurface(const Geometry& geometry, const Vec3d& point) {
  const SurfacePoint surface = geometry.SurfaceAt(point[0], point[2]);
  return Dot(surface.normal, point - Vec3d{point[0], surface.y, point[2]});
}

// Whether heel and toes touch: the lowest support vertex of each part.
std::array<float, 2> HeelToeTouch(const World& world, const FootModel& foot, const std::vector<Vec3d>& mesh) {
  std::array<double, 2> lowest = {1e9, 1e9};
  for (size_t k = 0; k < foot.support_vertices.size(); ++k) {
    double& low = lowest[foot.is_forefoot[k] ? 1 : 0];
    low = std::min(low, std::fabs(HeightAboveSurface(world.geometry, mesh[foot.support_vertices[k]])));
  }
  return {lowest[0] < kFootTouch_m ? 1.0F : 0.0F, lowest[1] < kFootTouch_m ? 1.0F : 0.0F};
}

FrameFacts LookAtFrame(const World& world,
                       const BodyModel& body,
                       const std::vector<std::vector<Vec3f>>& colors,
                       int frame,
                       bool keyframe) {
  const Draw at_keyframes = world.options.light ? Draw::kDepth : Draw::kColor;
  View view{world.sensor, world.world_from_cam[frame]};
  view.sensor.lens = {0, 0};  // Observations live in the undistorted image.
  const std::vector<std::vector<Vec3d>> meshes = PoseEverybody(world, body, frame);
  FrameFacts facts;
  facts.layers =
      DrawView(view, world.geometry, body, meshes, colors, keyframe ? at_keyframes : Draw::kPeopleOnly);
  facts.people = Sightings(view, meshes, facts.layers);
  for (size_t p = 0; p < meshes.size(); ++p) {
    for (int side = 0; side < 2; ++side) {
      facts.people[p].heel_toe[side] = HeelToeTouch(world, world.people[p].feet[side], meshes[p]);
    }
  }
  if (!keyframe) facts.layers = Layers();
  return facts;
}

Keyframe MakeKeyframe(int frame, Layers layers) {
  Keyframe keyframe;
  keyframe.frame = frame;
  keyframe.depth_m = std::move(layers.depth_m);
  keyframe.color = std::move(layers.color);
  const int width = keyframe.depth_m.width, height = keyframe.depth_m.height;
  keyframe.confidence = ImageF(width, height);
  keyframe.person_mask = ImageU8(width, height);
  for (size_t i = 0; i < keyframe.depth_m.data.size(); ++i) {
    const bool person = layers.person.data[i] != 0;
    keyframe.person_mask.data[i] = person ? 255 : 0;
    keyframe.confidence.data[i] = !person && keyframe.depth_m.data[i] > 0 ? 1.0F : 0.0F;
  }
  return keyframe;
}

// Seeds on a grid of image i that are seen in image j too.
KeyframePair MatchPair(const World& world, const std::vector<Keyframe>& keyframes, int i, int j) {
  KeyframePair pair;
  pair.i = i;
  pair.j = j;
  const Keyframe &from = keyframes[i], &to = keyframes[j];
  const Pinholed& pinhole = world.sensor.pinhole;
  const Rigid3d& world_from_i = world.world_from_cam[from.frame];
  const Rigid3d& world_from_j = world.world_from_cam[to.frame];
  const Rigid3d j_from_world = Inverse(world_from_j);
  const int stride = world.options.match_stride_px;
  for (int y = stride / 2; y < from.depth_m.height; y += stride) {
    for (int x = stride / 2; x < from.depth_m.width; x += stride) {
      if (from.confidence.At(x, y) == 0) continue;
      const Vec2d seed{static_cast<double>(x), static_cast<double>(y)};
      const double depth = from.depth_m.At(x, y);
      const Vec3d point = world_from_i * (depth * Unproject(pinhole, seed));
      const Vec3d in_j = j_from_world * point;
      if (in_j[2] < 0.1) continue;
      const Vec2d pixel = Project(pinhole, in_j);
      const int px = static_cast<int>(std::lround(pixel[0])), py = static_cast<int>(std::lround(pixel[1]));
      if (!to.depth_m.Contains(px, py) || to.person_mask.At(px, py) != 0) continue;
      if (!world.geometry.Sees(world_from_j.translation, point)) continue;
      pair.matches.push_back({static_cast<float>(x),
                              static_cast<float>(y),
                              static_cast<float>(pixel[0]),
                              static_cast<float>(pixel[1]),
                              1.0F});
    }
  }
  return pair;
}

// Long ago and seen again: cameras near each other that look the same way. For each keyframe the
// nearest ones, at most one of each passage.
std::vector<std::array<int, 2>> LoopPairs(const World& world, const std::vector<Keyframe>& keyframes) {
  std::vector<std::array<int, 2>> pairs;
  const int count = static_cast<int>(keyframes.size());
  const auto apart = [&](int i, int j) {
    const Rigid3d& a = world.world_from_cam[keyframes[i].frame];
    const Rigid3d& b = world.world_from_cam[keyframes[j].frame];
    const double distance = Norm(a.translation - b.translation);
    if (distance > kLoopDistance_m) return 2.0;
    const double turn = Norm(LogQuaternion(Conjugate(a.rotation) * b.rotation));
    return distance / kLoopDistance_m + turn / kLoopTurn_rad;
  };
  for (int j = 0; j < count; ++j) {
    std::vector<std::pair<double, int>> candidates;
    for (int i = 0; i + kLoopGap <= j; ++i) {
      const double far = apart(i, j);
      if (far < 1) candidates.emplace_back(far, i);
    }
    std::sort(candidates.begin(), candidates.end());
    std::vector<int> taken;
    for (const auto& [far, i] : candidates) {
      if (static_cast<int>(taken.size()) == world.options.loop_pairs_per_keyframe) break;
      const bool same_passage = std::any_of(
          taken.begin(), taken.end(), [i = i](int other) { return std::abs(other - i) < kLoopGap; });
      if (!same_passage) taken.push_back(i);
    }
    for (const int i : taken) pairs.push_back({i, j});
  }
  return pairs;
}

std::vector<KeyframePair> MatchAll(const World& world, const std::vector<Keyframe>& keyframes, int threads) {
  std::vector<std::array<int, 2>> order;
  const int count = static_cast<int>(keyframes.size());
  for (int i = 0; i < count; ++i) {
    for (int j = i + 1; j < count && j <= i + kPairWindow; ++j) order.push_back({i, j});
  }
  if (world.options.loop_pairs_per_keyframe > 0) {
    const std::vector<std::array<int, 2>> loops = LoopPairs(world, keyframes);
    order.insert(order.end(), loops.begin(), loops.end());
    std::sort(order.begin(), order.end());
  }
  std::vector<KeyframePair> pairs(order.size());
  ParallelFor(static_cast<int>(order.size()), threads, [&](int k) {
    pairs[k] = MatchPair(world, keyframes, order[k][0], order[k][1]);
  });
  std::erase_if(pairs, [](const KeyframePair& pair) { return pair.matches.empty(); });
  return pairs;
}

// Contacts of one person at the keyframes where it is seen.
std::vector<Contact> ContactsOf(const World& world,
                                const BodyModel& body,
                                const Person& person,
                                const std::vector<Keyframe>& keyframes,
                                const std::vector<int>& seen_frames) {
  std::vector<int> vertices;
  for (const FootModel& foot : person.feet) {
    const std::vector<int> own = ContactVertices(body, foot);
    vertices.insert(vertices.end(), own.begin(), own.end());
  }
  std::sort(vertices.begin(), vertices.end());
  std::vector<std::vector<Vec3d>> positions;
  for (const Keyframe& keyframe : keyframes) {
    positions.push_back(PoseVertices(body, person.shape, person.body_in_world[keyframe.frame], vertices));
  }
  std::vector<Contact> contacts;
  const int count = static_cast<int>(keyframes.size());
  for (int k = 0; k < count; ++k) {
    if (!std::binary_search(seen_frames.begin(), seen_frames.end(), keyframes[k].frame)) continue;
    for (size_t v = 0; v < vertices.size(); ++v) {
      if (std::fabs(HeightAboveSurface(world.geometry, positions[k][v])) > kTouch_m) continue;
      Contact contact;
      contact.keyframe = k;
      contact.vertex = vertices[v];
      contact.confidence = 1;
      for (int other : {k - 1, k + 1}) {
        if (other < 0 || other >= count) continue;
        contact.stationary |= Norm(positions[other][v] - positions[k][v]) < kStill_m;
      }
      contacts.push_back(contact);
    }
  }
  return contacts;
}

std::vector<ScenePoint> SamplePoints(const World& world, const std::vector<Keyframe>& keyframes) {
  std::vector<ScenePoint> points;
  for (const Keyframe& keyframe : keyframes) {
    const Rigid3d& world_from_cam = world.world_from_cam[keyframe.frame];
    for (int y = kPointStride_px / 2; y < keyframe.depth_m.height; y += kPointStride_px) {
      for (int x = kPointStride_px / 2; x < keyframe.depth_m.width; x += kPointStride_px) {
        if (keyframe.confidence.At(x, y) == 0) continue;
        const double depth = keyframe.depth_m.At(x, y);
        const Vec2d pixel{static_cast<double>(x), static_cast<double>(y)};
        const Vec3d at = world_from_cam * (depth * Unproject(world.sensor.pinhole, pixel));
        points.push_back(
            {at.Cast<float>(),
             1.0F,
             {keyframe.color.At(x, y, 0), keyframe.color.At(x, y, 1), keyframe.color.At(x, y, 2)}});
      }
    }
  }
  return points;
}

void DescribePeople(const World& world,
                    const BodyModel& body,
                    const std::vector<FrameFacts>& facts,
                    SyntheticClip* clip) {
  for (size_t p = 0; p < world.people.size(); ++p) {
    const Person& person = world.people[p];
    PersonInWorld truth;
    PersonObservations observed;
    truth.id = observed.id = static_cast<int>(p);
    truth.shape = observed.shape = person.shape;
    const Vec3d rest_pelvis = RestPelvis(body, person.shape);
    std::vector<int> seen_frames;
    for (int frame = 0; frame < world.timing.num_frames; ++frame) {
      const Sighting& sighting = facts[frame].people[p];
      if (sighting.visible_share <= 0) continue;
      const BodyPose& body_in_world = person.body_in_world[frame];
      truth.frames.push_back(frame);
      truth.body_in_world.push_back(body_in_world);
      truth.confidence.push_back(1);
      truth.box_px.push_back(sighting.box_px);
      truth.foot_contact.push_back({sighting.heel_toe[0][0],
                                    sighting.heel_toe[0][1],
                                    sighting.heel_toe[1][0],
                                    sighting.heel_toe[1][1]});
      if (sighting.visible_share < kVisibleShare) continue;
      seen_frames.push_back(frame);
      PersonFrame entry;
      entry.frame = frame;
      entry.box_px = sighting.box_px;
      entry.confidence = static_cast<float>(std::min(1.0, sighting.visible_share));
      entry.body_in_cam = TransformBody(Inverse(world.world_from_cam[frame]), body_in_world, rest_pelvis);
      entry.pose_confidence = 1;
      observed.frames.push_back(entry);
    }
    if (!truth.frames.empty()) clip->truth.people.push_back(std::move(truth));
    if (observed.frames.empty()) continue;
    observed.contacts = ContactsOf(world, body, person, clip->observations.keyframes, seen_frames);
    clip->observations.people.push_back(std::move(observed));
  }
}

}  // namespace

std::vector<std::vector<Vec3d>> PoseEverybody(const World& world, const BodyModel& body, int frame) {
  std::vector<std::vector<Vec3d>> meshes;
  for (const Person& person : world.people) {
    meshes.push_back(PoseAllVertices(body, person.shape, person.body_in_world[frame]));
  }
  return meshes;
}

std::vector<int> ContactVertices(const BodyModel& body, const FootModel& foot) {
  // Farthest-point sampling over the vertices that touch.
  std::vector<int> chosen;
  std::vector<double> distance(foot.support_vertices.size(), std::numeric_limits<double>::infinity());
  while (chosen.size() < std::min(kMaxContactVertices, foot.support_vertices.size())) {
    size_t next = 0;
    for (size_t k = 1; k < distance.size(); ++k) {
      if (distance[k] > distance[next]) next = k;
    }
    chosen.push_back(foot.support_vertices[next]);
    const Vec3f from = body.template_m[chosen.back()];
    for (size_t k = 0; k < distance.size(); ++k) {
      const double away = Norm(body.template_m[foot.support_vertices[k]] - from);
      distance[k] = std::min(distance[k], away);
    }
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

void ObserveExactly(const BodyModel& body, int threads, SyntheticClip* clip) {
  const World& world = *clip->world;
  const int num_frames = world.timing.num_frames;
  std::vector<std::vector<Vec3f>> colors;
  for (const Person& person : world.people) colors.push_back(VertexColors(body, person.clothing));
  const auto is_keyframe = [&](int frame) {
    return frame % world.options.keyframe_interval == 0 || frame == num_frames - 1;
  };
  std::vector<FrameFacts> facts(num_frames);
  ParallelFor(num_frames, threads, [&](int frame) {
    facts[frame] = LookAtFrame(world, body, colors, frame, is_keyframe(frame));
  });

  Observations& observations = clip->observations;
  Reconstruction& truth = clip->truth;
  for (int frame = 0; frame < num_frames; ++frame) {
    if (!is_keyframe(frame)) continue;
    observations.keyframes.push_back(MakeKeyframe(frame, std::move(facts[frame].layers)));
    const Keyframe& keyframe = observations.keyframes.back();
    if (world.options.light) continue;
    truth.keyframes.push_back({frame, 1.0, keyframe.depth_m, keyframe.confidence});
  }
  observations.pairs = MatchAll(world, observations.keyframes, threads);
  DescribePeople(world, body, facts, clip);

  truth.pinhole = observations.camera.pinhole = world.sensor.pinhole;
  truth.distortion = observations.camera.distortion = world.sensor.lens;
  truth.world_from_cam = observations.camera.world_from_cam = world.world_from_cam;
  truth.gravity_known = true;
  if (!world.options.light) truth.points = SamplePoints(world, observations.keyframes);
  FillJoints(body, &truth);
  observations.camera.metric = true;
  observations.camera.poses_fixed = world.camera != "moving";
  observations.ground = {true, kUp, 0};
  if (world.camera == "static") observations.flags.push_back("camera_static");
  if (world.camera == "rotating") observations.flags.push_back("camera_rotation");
  truth.flags = observations.flags;
  observations.source = "synthetic exact";
}

}  // namespace foothold::synthetic

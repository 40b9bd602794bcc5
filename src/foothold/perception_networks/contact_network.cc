// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/contact_network.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "foothold/base/error.h"
#include "foothold/base/parallel.h"
#include "foothold/networks/tensor.h"
#include "foothold/perception_networks/network_images.h"
#include "foothold/perception_networks/role_contracts.h"
#include "foothold/video/video.h"

namespace foothold {
namespace {

constexpr double kStanding_m = 0.03;  // The other foot stands too when it is so little higher.
constexpr float kAssumedConfidence = 0.5f;

// A person at a keyframe.
struct Sighting {
  int keyframe = 0;
  size_t person = 0, entry = 0;
};

std::vector<Sighting> SightingsAt(const Observations& observations) {
  std::vector<Sighting> sightings;
  for (size_t k = 0; k < observations.keyframes.size(); ++k) {
    const int frame = observations.keyframes[k].frame;
    for (size_t p = 0; p < observations.people.size(); ++p) {
      const auto& frames = observations.people[p].frames;
      const auto found = std::lower_bound(
          frames.begin(), frames.end(), frame, [](const PersonFrame& f, int f0) { return f.frame < f0; });
      if (found == frames.end() || found->frame != frame) continue;
      sightings.push_back({static_cast<int>(k), p, static_cast<size_t>(found - frames.begin())});
    }
  }
  return sightings;
}

// Vertices that follow an ankle or a foot most.
std::vector<int> FootVertices(const BodyModel& body) {
  std::vector<int> vertices;
  for (int v = 0; v < body.num_vertices; ++v) {
    const int joint = body.skin_joints[static_cast<size_t>(v) * body.skin_width];
    if (joint == kLeftAnkle || joint == kRightAnkle || joint == kLeftFoot || joint == kRightFoot) {
      vertices.push_back(v);
    }
  }
  return vertices;
}

// Source box of a person of the observations in a frame.
Box SourceBox(const std::vector<PersonTrack>& tracks, int id, int frame) {
  for (const PersonTrack& track : tracks) {
    if (track.id != id) continue;
    return track.boxes_px[static_cast<size_t>(frame - track.frames.front())];
  }
  throw Error(ErrorKind::kContract, "a person without a track");
}

void ByNetwork(const ExportedModule& module,
               const NetworkSet& networks,
               const ClipFrames& frames,
               const std::vector<PersonTrack>& tracks,
               const BodyModel& body,
               int threads,
               const std::vector<Sighting>& sightings,
               Observations* observations) {
  const std::vector<int> feet = FootVertices(body);
  const double least = networks.options().contact_score;
  std::vector<std::vector<Contact>> found(sightings.size());
  const auto frame_of = [&](int k) { return observations->keyframes[sightings[k].keyframe].frame; };
  RunOverPictures(
      module,
      static_cast<int>(sightings.size()),
      networks.options().batch,
      networks.CallsAtOnce(threads),
      [&](int k) {
        const int id = observations->people[sightings[k].person].id;
        const Box box = frames.AnalysisFromSource(SourceBox(tracks, id, frame_of(k)));
        return ToWorkingImage(frames.Rgb(frame_of(k)),
                              CropOf(module, box, frames.width(), frames.height()).crop_from_picture);
      },
      [&](int k, const PictureOutputs& outputs) {
        const at::Tensor contact = outputs.at("contact").contiguous();
        if (contact.numel() != body.num_vertices) {
          throw Error(ErrorKind::kUsage,
                      module.path() + ": output 'contact' has " + std::to_string(contact.numel()) +
                          " vertices, the body model " + std::to_string(body.num_vertices) +
                          "; give the body model of the network (--body), or leave the module out");
        }
        const float* probability = contact.const_data_ptr<float>();
        for (const int vertex : feet) {
          if (!(probability[vertex] >= least && probability[vertex] > 0)) continue;
          found[k].push_back({sightings[k].keyframe, vertex, std::min(1.0f, probability[vertex]), false});
        }
      });
  for (size_t k = 0; k < sightings.size(); ++k) {
    auto& contacts = observations->people[sightings[k].person].contacts;
    contacts.insert(contacts.end(), found[k].begin(), found[k].end());
  }
}

// Touching at two keyframes in a row: planted at both.
void MarkStationary(PersonObservations* person) {
  std::set<std::pair<int, int>> touching;
  for (const Contact& contact : person->contacts) touching.insert({contact.keyframe, contact.vertex});
  for (Contact& contact : person->contacts) {
    contact.stationary = touching.count({contact.keyframe - 1, contact.vertex}) > 0 ||
                         touching.count({contact.keyframe + 1, contact.vertex}) > 0;
  }
}

// Mean direction from pelvis to neck, in the world.
Vec3d UpInWorld(const Observations& observations, const BodyModel& body) {
  Vec3d sum = Vec3d::Zero();
  for (const PersonObservations& person : observations.people) {
    for (const PersonFrame& frame : person.frames) {
      const PosedSkeleton skeleton = PoseSkeleton(body, person.shape, frame.body_in_cam);
      const Vec3d spine = skeleton.joints_m[kNeck] - skeleton.joints_m[kPelvis];
      const double length = Norm(spine);
      if (!(length > 1e-3)) continue;
      sum = sum + Rotate(observations.camera.world_from_cam[frame.frame].rotation, (1 / length) * spine);
    }
  }
  const double length = Norm(sum);
  return length > 1e-3 ? (1 / length) * sum : Vec3d{0, -1, 0};
}

void ByHeight(const BodyModel& body,
              int threads,
              const std::vector<Sighting>& sightings,
              Observations* observations) {
  const Vec3d up_in_world = UpInWorld(*observations, body);
  std::vector<std::vector<Contact>> found(sightings.size());
  ParallelFor(static_cast<int>(sightings.size()), threads, [&](int k) {
    const PersonObservations& person = observations->people[sightings[k].person];
    const PersonFrame& frame = person.frames[sightings[k].entry];
    const Vec3d up =
        Rotate(Conjugate(observations->camera.world_from_cam[frame.frame].rotation), up_in_world);
    std::array<double, 2> height{};
    std::array<int, 2> lowest{};
    for (int side = 0; side < 2; ++side) {
      const std::vector<int>& sole = body.sole_vertices[side];
      const std::vector<Vec3d> points = PoseVertices(body, person.shape, frame.body_in_cam, sole);
      for (size_t v = 0; v < points.size(); ++v) {
        const double h = Dot(up, points[v]);
        if (v == 0 || h < height[side]) {
          height[side] = h;
          lowest[side] = sole[v];
        }
      }
    }
    const double ground = std::min(height[0], height[1]);
    for (int side = 0; side < 2; ++side) {
      if (height[side] > ground + kStanding_m) continue;
      found[k].push_back({sightings[k].keyframe, lowest[side], kAssumedConfidence * frame.confidence, false});
    }
    std::sort(found[k].begin(), found[k].end(), [](const Contact& a, const Contact& b) {
      return a.vertex < b.vertex;
    });
  });
  for (size_t k = 0; k < sightings.size(); ++k) {
    auto& contacts = observations->people[sightings[k].person].contacts;
    contacts.insert(contacts.end(), found[k].begin(), found[k].end());
  }
  for (PersonObservations& person : observations->people) person.flags.emplace_back("contacts_assumed");
}

}  // namespace

void ObserveContacts(const NetworkSet& networks,
                     const ClipFrames& frames,
                     const std::vector<PersonTrack>& tracks,
                     const BodyModel& body,
                     int threads,
                     Observations* observations) {
  FOOTHOLD_CHECK(!body.sole_vertices[0].empty() && !body.sole_vertices[1].empty(),
                 "the body model has no sole vertices");
  const std::vector<Sighting> sightings = SightingsAt(*observations);
  const ExportedModule* module = networks.Optional(role::kContact);
  if (module == nullptr) return ByHeight(body, threads, sightings, observations);
  ByNetwork(*module, networks, frames, tracks, body, threads, sightings, observations);
  for (PersonObservations& person : observations->people) MarkStationary(&person);
}

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/join/join_observations.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/pipeline/join/common_lens.h"
#include "foothold/pipeline/join/track_links.h"
#include "foothold/pipeline/join/world_alignment.h"
#include "foothold/pipeline/video_work.h"

namespace foothold {
namespace {

int EndOf(const Clip& clip) { return clip.first_frame + clip.num_frames(); }

// Frames of the source at which both have keyframes.
std::vector<int> SharedKeyframes(const Observations& a, const Observations& b) {
  std::set<int> of_a;
  for (const Keyframe& keyframe : a.keyframes) of_a.insert(a.clip.first_frame + keyframe.frame);
  std::vector<int> shared;
  for (const Keyframe& keyframe : b.keyframes) {
    const int frame = b.clip.first_frame + keyframe.frame;
    if (of_a.count(frame) > 0) shared.push_back(frame);
  }
  return shared;
}

// While parts are being joined, a contact's or pair's keyframe is named by its frame in the whole.
void NameKeyframesByFrame(int offset, Observations* part) {
  const auto frame_of = [&](int keyframe) { return part->keyframes[keyframe].frame + offset; };
  for (KeyframePair& pair : part->pairs) pair = {frame_of(pair.i), frame_of(pair.j), std::move(pair.matches)};
  for (PersonObservations& person : part->people) {
    for (Contact& contact : person.contacts) contact.keyframe = frame_of(contact.keyframe);
    for (PersonFrame& entry : person.frames) entry.frame += offset;
  }
  for (Keyframe& keyframe : part->keyframes) keyframe.frame += offset;
}

// And by its index again; what lies at frames that are keyframes no more is dropped.
void NameKeyframesByIndex(Observations* whole) {
  std::map<int, int> index_of;
  for (size_t k = 0; k < whole->keyframes.size(); ++k) {
    index_of[whole->keyframes[k].frame] = static_cast<int>(k);
  }
  std::erase_if(whole->pairs, [&](const KeyframePair& pair) {
    return index_of.count(pair.i) == 0 || index_of.count(pair.j) == 0;
  });
  for (KeyframePair& pair : whole->pairs) {
    pair.i = index_of.at(pair.i);
    pair.j = index_of.at(pair.j);
  }
  for (PersonObservations& person : whole->people) {
    std::erase_if(person.contacts,
                  [&](const Contact& contact) { return index_of.count(contact.keyframe) == 0; });
    for (Contact& contact : person.contacts) contact.keyframe = index_of.at(contact.keyframe);
  }
}

// One person seen by two parts: up to frame `middle` as the earlier saw it, where it did.
PersonObservations MergePerson(PersonObservations earlier, const PersonObservations& later, int middle) {
  const double weight = double(later.frames.size()) / double(earlier.frames.size() + later.frames.size());
  for (size_t s = 0; s < earlier.shape.size(); ++s) {
    earlier.shape[s] = (1 - weight) * earlier.shape[s] + weight * later.shape[s];
  }
  std::map<int, std::pair<const PersonFrame*, const PersonObservations*>> by_frame;
  for (const PersonFrame& entry : earlier.frames) by_frame[entry.frame] = {&entry, &earlier};
  for (const PersonFrame& entry : later.frames) {
    if (entry.frame > middle || by_frame.count(entry.frame) == 0) by_frame[entry.frame] = {&entry, &later};
  }
  std::vector<PersonFrame> frames;
  for (const auto& [frame, seen] : by_frame) frames.push_back(*seen.first);
  std::vector<Contact> contacts;
  for (const PersonObservations* person : {static_cast<const PersonObservations*>(&earlier), &later}) {
    for (const Contact& contact : person->contacts) {
      const auto at = by_frame.find(contact.keyframe);
      if (at != by_frame.end() && at->second.second == person) contacts.push_back(contact);
    }
  }
  std::sort(contacts.begin(), contacts.end(), [](const Contact& a, const Contact& b) {
    return std::tie(a.keyframe, a.vertex) < std::tie(b.keyframe, b.vertex);
  });
  earlier.frames = std::move(frames);
  earlier.contacts = std::move(contacts);
  AddFlags(later.flags, &earlier.flags);
  return earlier;
}

void AppendPeople(Observations* later,
                  const std::vector<std::pair<int, int>>& links,
                  int middle,
                  Observations* whole) {
  std::set<int> linked;
  for (const auto& [p, q] : links) {
    whole->people[p] = MergePerson(std::move(whole->people[p]), later->people[q], middle);
    linked.insert(q);
  }
  for (size_t q = 0; q < later->people.size(); ++q) {
    if (linked.count(static_cast<int>(q)) == 0) whole->people.push_back(std::move(later->people[q]));
  }
}

void AppendPairs(Observations* later, Observations* whole) {
  std::set<std::pair<int, int>> known;
  for (const KeyframePair& pair : whole->pairs) known.insert({pair.i, pair.j});
  for (KeyframePair& pair : later->pairs) {
    if (known.count({pair.i, pair.j}) == 0) whole->pairs.push_back(std::move(pair));
  }
}

// Means of the planes, weighted by frames.
void AppendGround(const GroundPlane& later, double weight, GroundPlane* ground) {
  if (!later.known) return;
  if (!ground->known) {
    *ground = later;
    return;
  }
  ground->up_in_world = Normalized((1 - weight) * ground->up_in_world + weight * later.up_in_world);
  ground->offset_m = (1 - weight) * ground->offset_m + weight * later.offset_m;
}

void AppendCameras(const CameraObservations& later, int offset, int shared, CameraObservations* camera) {
  for (int i = 0; i < shared; ++i) {
    Rigid3d& pose = camera->world_from_cam[offset + i];
    pose = Interpolate(pose, later.world_from_cam[i], (i + 1.0) / (shared + 1));
  }
  camera->world_from_cam.insert(
      camera->world_from_cam.end(), later.world_from_cam.begin() + shared, later.world_from_cam.end());
  camera->poses_fixed = camera->poses_fixed && later.poses_fixed;
  camera->metric = camera->metric && later.metric;
  camera->focal_fixed = camera->focal_fixed && later.focal_fixed;
  camera->focal_observable = camera->focal_observable || later.focal_observable;
}

// `whole` covers frames up to its number of cameras and is named by frames; `later` is not yet.
void Append(Observations later, int offset, Observations* whole) {
  const int covered = static_cast<int>(whole->camera.world_from_cam.size());
  const int shared = covered - offset;
  FOOTHOLD_CHECK(shared > 0 && shared < later.clip.num_frames(), "parts that follow each other overlap");
  const int first = whole->clip.first_frame;
  std::vector<int> keyframes;
  for (const Keyframe& keyframe : later.keyframes) {
    for (const Keyframe& known : whole->keyframes) {
      if (known.frame == keyframe.frame + offset) keyframes.push_back(known.frame);
    }
  }
  FOOTHOLD_CHECK(!keyframes.empty(), "parts share a keyframe, first frame " + std::to_string(first));
  const int middle = keyframes[keyframes.size() / 2];
  MoveWorld(AlignWorlds(*whole, later, offset, shared), &later);

  // Linked before the later part's frames are renamed.
  const std::vector<std::pair<int, int>> links = LinkTracks(*whole, later, offset);
  NameKeyframesByFrame(offset, &later);
  AppendPeople(&later, links, middle, whole);
  AppendPairs(&later, whole);
  std::erase_if(whole->keyframes, [&](const Keyframe& keyframe) { return keyframe.frame > middle; });
  for (Keyframe& keyframe : later.keyframes) {
    if (keyframe.frame > middle) whole->keyframes.push_back(std::move(keyframe));
  }
  const double weight = double(later.clip.num_frames()) / (covered + later.clip.num_frames());
  AppendGround(later.ground, weight, &whole->ground);
  AppendCameras(later.camera, offset, shared, &whole->camera);
  AddFlags(later.flags, &whole->flags);
}

// Each once, in order.
std::string SourcesOf(const std::vector<Observations>& parts) {
  std::vector<std::string> sources;
  for (const Observations& part : parts) AddFlags({part.source}, &sources);
  std::string text;
  for (const std::string& source : sources) text += (text.empty() ? "" : " and ") + source;
  return text;
}

// In order of their first frames, numbered like tracks of one clip.
void NumberPeople(std::vector<PersonObservations>* people) {
  std::stable_sort(people->begin(), people->end(), [](const auto& a, const auto& b) {
    return std::make_pair(a.frames.front().frame, a.frames.front().box_px.x) <
           std::make_pair(b.frames.front().frame, b.frames.front().box_px.x);
  });
  for (size_t p = 0; p < people->size(); ++p) (*people)[p].id = static_cast<int>(p);
}

}  // namespace

std::vector<std::vector<int>> ConnectedStretches(const std::vector<Observations>& parts) {
  std::vector<int> order(parts.size());
  std::iota(order.begin(), order.end(), 0);
  // Of parts with one first frame the longest comes first and holds the others.
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return std::make_pair(parts[a].clip.first_frame, -parts[a].clip.num_frames()) <
           std::make_pair(parts[b].clip.first_frame, -parts[b].clip.num_frames());
  });
  std::vector<std::vector<int>> stretches;
  int covered = -1;
  for (const int part : order) {
    if (EndOf(parts[part].clip) <= covered) continue;
    const bool connected =
        !stretches.empty() && SharedKeyframes(parts[stretches.back().back()], parts[part]).size() >= 2;
    if (!connected) stretches.emplace_back();
    stretches.back().push_back(part);
    covered = EndOf(parts[part].clip);
  }
  return stretches;
}

Observations JoinObservations(std::vector<Observations> parts, const Clip& clip, const BodyModel& body) {
  FOOTHOLD_CHECK(!parts.empty(), "no parts to join");
  FOOTHOLD_CHECK(
      parts.front().clip.first_frame == clip.first_frame && EndOf(parts.back().clip) == EndOf(clip),
      "the parts cover the clip");
  const size_t count = parts.size();
  if (count > 1) {
    const Lens lens = CommonLens(parts);
    for (Observations& part : parts) ChangeLens(lens, body, &part);
  }
  const std::string sources = SourcesOf(parts);
  Observations whole = std::move(parts.front());
  NameKeyframesByFrame(0, &whole);
  for (size_t k = 1; k < count; ++k) {
    const int offset = parts[k].clip.first_frame - clip.first_frame;
    Append(std::move(parts[k]), offset, &whole);
    parts[k] = Observations();  // Its pictures have moved; the rest need not stay.
  }
  std::sort(whole.pairs.begin(), whole.pairs.end(), [](const KeyframePair& a, const KeyframePair& b) {
    return std::tie(a.i, a.j) < std::tie(b.i, b.j);
  });
  NameKeyframesByIndex(&whole);
  NumberPeople(&whole.people);
  const ImageTransform working_from_source = whole.clip.working_from_source;
  whole.clip = clip;
  whole.clip.working_from_source = working_from_source;
  if (count > 1) whole.source = sources + ", " + std::to_string(count) + " parts";
  CheckObservations(whole, "parts of " + clip.name);
  return whole;
}

}  // namespace foothold

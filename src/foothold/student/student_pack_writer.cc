// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/base/tar.h"
#include "foothold/student/pack_tensors.h"
#include "foothold/student/silhouette.h"
#include "foothold/student/student_pack.h"
#include "foothold/student/student_view.h"
#include "foothold/video/video.h"
#include "labels/hdf5.h"

namespace foothold {
namespace {

struct Pixels {
  std::vector<uint8_t> rgb, people, confidence;
  std::vector<uint16_t> depth;
};

std::vector<Vec3d> VerticesInCamera(const BodyModel& body,
                                    const StudentClip& clip,
                                    const StudentPerson& person,
                                    size_t i) {
  const Rigid3d cam_from_world = Inverse(clip.world_from_cam[person.frames[i]]);
  return PoseAllVertices(
      body, person.shape, TransformBody(cam_from_world, person.body_in_world[i], person.rest_pelvis_m));
}

StudentPerson PersonOf(const PersonInWorld& labelled, const BodyModel& body, const ImageTransform& view) {
  StudentPerson person;
  person.id = labelled.id;
  person.shape = labelled.shape;
  person.rest_pelvis_m = RestPelvis(body, labelled.shape);
  person.frames = labelled.frames;
  person.body_in_world = labelled.body_in_world;
  person.confidence = labelled.confidence;
  for (const Box& box : labelled.box_px) person.box_px.push_back(InStudentView(box, view));
  person.foot_contact = labelled.foot_contact;
  if (person.foot_contact.empty()) person.foot_contact.resize(person.frames.size(), {0, 0, 0, 0});
  return person;
}

StudentClip FactsOf(const labels::Label& label,
                    const std::string& label_checksum,
                    const BodyModel& body,
                    const ImageTransform& view) {
  const Reconstruction& from = label.reconstruction;
  StudentClip clip;
  clip.clip_id = label.clip.id;
  clip.source_hash = label.clip.source_hash;
  clip.kind = label.kind;
  clip.label_checksum = label_checksum;
  clip.body_model_hash = body.content_hash;
  clip.width = view.width;
  clip.height = view.height;
  clip.pinhole = InStudentView(from.pinhole, view);
  clip.world_from_cam = from.world_from_cam;
  std::set<int> seen;
  for (size_t p = 0; p < from.people.size(); ++p) {
    clip.people.push_back(PersonOf(from.people[p], body, view));
    StudentPerson& person = clip.people.back();
    if (label.quality.known && !label.quality.people[p].keyframe.empty()) {
      person.contact_spread = label.quality.people[p].contact_spread;
    }
    if (label.quality.known && label.quality.student.known)
      person.student_distance_m = label.quality.people[p].student_distance_m;
    for (size_t i = 0; person.box_px.size() < person.frames.size(); ++i) {
      person.box_px.push_back(BoxAround(VerticesInCamera(body, clip, person, i), clip.pinhole));
    }
    seen.insert(person.frames.begin(), person.frames.end());
  }
  clip.pictures.assign(seen.begin(), seen.end());
  for (size_t k = 0; k < from.keyframes.size(); ++k) {
    if (seen.count(from.keyframes[k].frame) == 0) continue;
    clip.keyframes.push_back(from.keyframes[k].frame);
    clip.match_inlier_share.push_back(label.quality.known ? label.quality.keyframes[k].match_inlier_share
                                                          : -1);
  }
  return clip;
}

void AppendDepth(const labels::Label& label,
                 const StudentClip& clip,
                 const ImageTransform& view,
                 Pixels* pixels) {
  for (const KeyframeDepth& keyframe : label.reconstruction.keyframes) {
    if (IndexOf(clip.keyframes, keyframe.frame) < 0) continue;
    const ImageF depth = NearestInStudentView(keyframe.depth_m, view);
    const ImageF confidence = NearestInStudentView(keyframe.confidence, view);
    for (const float value : depth.data) pixels->depth.push_back(labels::HalfFromFloat(value).bits);
    for (const float value : confidence.data) {
      pixels->confidence.push_back(static_cast<uint8_t>(std::lround(255 * std::clamp(value, 0.0F, 1.0F))));
    }
  }
}

// Of every picture, a bit per pixel.
void AppendPeople(const StudentClip& clip, const BodyModel& body, Pixels* pixels) {
  for (const int frame : clip.pictures) {
    ImageU8 mask(clip.width, clip.height);
    for (const StudentPerson& person : clip.people) {
      const int i = IndexOf(person.frames, frame);
      if (i >= 0) DrawSilhouette(VerticesInCamera(body, clip, person, i), body.faces, clip.pinhole, &mask);
    }
    for (size_t first = 0; first < mask.data.size(); first += 8) {
      uint8_t bits = 0;
      for (size_t b = 0; b < 8; ++b) bits |= static_cast<uint8_t>(mask.data[first + b] << b);
      pixels->people.push_back(bits);
    }
  }
}

void AppendPictures(const labels::Label& label,
                    const StudentClip& clip,
                    const std::string& video_path,
                    const ImageTransform& view,
                    Pixels* pixels) {
  Clip source = label.clip;
  source.source_path = video_path;
  if (clip.pictures.empty()) return;
  FrameReader reader(source);
  ImageU8 frame;
  for (int index = 0; index <= clip.pictures.back(); ++index) {
    FOOTHOLD_CHECK(reader.Next(&frame), video_path + ": the clip has fewer frames than its label");
    if (IndexOf(clip.pictures, index) < 0) continue;
    const ImageU8 working = ToWorkingImage(frame, source.working_from_source);
    const ImageU8 undistorted =
        Undistort(working, label.reconstruction.pinhole, label.reconstruction.distortion);
    const ImageU8 seen = ToWorkingImage(undistorted, view);
    pixels->rgb.insert(pixels->rgb.end(), seen.data.begin(), seen.data.end());
  }
}

}  // namespace

void WriteStudentPack(const labels::Label& label,
                      const std::string& label_checksum,
                      const std::string& video_path,
                      const BodyModel& body,
                      const PackSize& size,
                      const std::string& pack_path) {
  const std::optional<FilePiece> video = FindFile(video_path);
  if (!video.has_value() || HashFile(*video) != label.clip.source_hash) {
    throw Error(ErrorKind::kBadInput,
                video_path +
                    ": is not the video that the label was made from (clip/source_hash differs); put that "
                    "one back, or label this one")
        .WithReason("video_changed");
  }
  const ImageTransform view = MakeStudentView(
      label.clip.working_from_source.width, label.clip.working_from_source.height, size.width, size.height);
  const StudentClip clip = FactsOf(label, label_checksum, body, view);
  Pixels pixels;
  AppendPictures(label, clip, video_path, view, &pixels);
  AppendDepth(label, clip, view, &pixels);
  AppendPeople(clip, body, &pixels);

  PackTensors tensors;
  PutClip(clip, &tensors);
  const auto pictures = static_cast<int64_t>(clip.pictures.size());
  const auto keyframes = static_cast<int64_t>(clip.keyframes.size());
  const int64_t width = clip.width, height = clip.height;
  tensors.PutView("pixels/rgb", TensorType::kU8, {pictures, height, width, 3}, pixels.rgb.data());
  tensors.PutView("pixels/people", TensorType::kU8, {pictures, height * width / 8}, pixels.people.data());
  tensors.PutView("pixels/depth_m", TensorType::kF16, {keyframes, height, width}, pixels.depth.data());
  tensors.PutView("pixels/confidence", TensorType::kU8, {keyframes, height, width}, pixels.confidence.data());
  std::map<std::string, std::string> metadata = MetadataOf(clip);
  for (const PackPart part : {PackPart::kFacts, PackPart::kPixels}) {
    metadata[ChecksumKey(part)] = ChecksumOf(tensors.views(), metadata, part);
  }
  WriteSafetensors(pack_path, tensors.views(), metadata, /*replace=*/true);
}

}  // namespace foothold

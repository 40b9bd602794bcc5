// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/network_perception.h"

#include <memory>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/perception/classical/classical.h"
#include "foothold/perception/classical/pieces.h"
#include "foothold/perception_networks/body_network.h"
#include "foothold/perception_networks/contact_network.h"
#include "foothold/perception_networks/depth_ground.h"
#include "foothold/perception_networks/detect_network.h"
#include "foothold/perception_networks/initial_cameras.h"
#include "foothold/perception_networks/network_set.h"
#include "foothold/perception_networks/pair_geometry.h"
#include "foothold/perception_networks/role_contracts.h"
#include "foothold/perception_networks/scene_networks.h"

namespace foothold {
namespace {

void RequirePeople(bool found) {
  if (found) return;
  throw Error(ErrorKind::kBadInput, "no_people: the networks found nobody in the clip")
      .WithReason("no_people");
}

// Lens of the working image without distortion, which pointmaps do not tell.
WorkingView ViewWith(const ImageTransform& working, double focal_px) {
  WorkingView view(working, LensModel{1, 0, 0, 0}, 1);
  view.pinhole.focal_px = focal_px;
  return view;
}

// Keyframes in the working image, with people's masks.
std::vector<KeyframeImages> SeeKeyframes(const NetworkSet& networks,
                                         const ClipFrames& frames,
                                         const std::vector<int>& keyframes,
                                         const PeopleOptions& people,
                                         int threads,
                                         std::vector<PersonTrack>* tracks,
                                         std::vector<std::string>* flags) {
  const bool by_network = networks.Optional(role::kMask) != nullptr;
  PersonMasks boxes;
  if (!by_network) {
    boxes = MaskPeople(frames, CameraRegime::kParallax, keyframes, people, threads, tracks, nullptr);
    flags->push_back("masks_from_boxes");
  }
  const WorkingView view = ViewWith(frames.clip().working_from_source, 1);
  std::vector<KeyframeImages> images;
  for (size_t k = 0; k < keyframes.size(); ++k) {
    images.push_back(UndistortKeyframe(frames, keyframes[k], by_network ? ImageU8() : boxes.people[k], view));
  }
  if (by_network) {
    std::vector<const ImageU8*> pictures;
    for (const KeyframeImages& image : images) pictures.push_back(&image.color);
    std::vector<ImageU8> masks = MaskPeopleByNetwork(networks, pictures, threads);
    for (size_t k = 0; k < images.size(); ++k) images[k].person_mask = std::move(masks[k]);
  }
  return images;
}

class NetworkPerception : public Perception {
 public:
  NetworkPerception(std::shared_ptr<const NetworkSet> networks,
                    const PerceptionOptions& options,
                    const ClassicalOptions& classical)
      : networks_(std::move(networks)),
        keyframe_interval_(options.keyframe_interval),
        classical_(classical) {}

  Observations Observe(const Clip& clip, const BodyModel& body, int threads, PhaseTimes* times) override {
    RequireSize(clip);
    const std::vector<int> keyframes = KeyframesOf(clip, keyframe_interval_);
    const ClipFrames frames = [&] {
      const PhaseTimes::Scope scope(times, "decode");
      return ClipFrames::Decode(clip, keyframes, classical_.frames, readers_);
    }();
    Observations observations;
    observations.clip = clip;
    observations.source = "networks 1";
    std::vector<PersonTrack> tracks;
    {
      const PhaseTimes::Scope scope(times, "people");
      tracks = RememberedPiece(journal_, "tracks", [&] {
        return TrackPeopleByNetwork(*networks_, frames, classical_.people, threads);
      });
      RequirePeople(!tracks.empty());
    }
    SeeScene(frames, keyframes, threads, times, &tracks, &observations);
    const PhaseTimes::Scope scope(times, "bodies");
    const WorkingView view = ViewWith(clip.working_from_source, observations.camera.pinhole.focal_px);
    observations.people = ObserveBodies(*networks_, frames, tracks, view, threads);
    RequirePeople(!observations.people.empty());
    ObserveContacts(*networks_, frames, tracks, body, threads, &observations);
    CheckObservations(observations, "perception networks");
    return observations;
  }

 private:
  void RequireSize(const Clip& clip) const {
    const int patch = networks_->pairs().patch_size_px();
    const ImageTransform& working = clip.working_from_source;
    if (working.width % patch == 0 && working.height % patch == 0) return;
    throw Error(ErrorKind::kUsage,
                "networks.mast3r: its patches of " + std::to_string(patch) +
                    " pixels do not divide the working image, whose sides are multiples of 16");
  }

  // Depth, matches and cameras.
  void SeeScene(const ClipFrames& frames,
                const std::vector<int>& keyframes,
                int threads,
                PhaseTimes* times,
                std::vector<PersonTrack>* tracks,
                Observations* observations) const {
    const NetworkOptions& options = networks_->options();
    std::vector<KeyframeImages> images;
    KeyframePictures pictures;
    {
      const PhaseTimes::Scope scope(times, "masks");
      images = SeeKeyframes(
          *networks_, frames, keyframes, classical_.people, threads, tracks, &observations->flags);
      for (const KeyframeImages& image : images) {
        pictures.color.push_back(&image.color);
        pictures.person_mask.push_back(&image.person_mask);
      }
    }
    {
      const PhaseTimes::Scope scope(times, "depth");
      pictures.points_m = PointmapsByNetwork(*networks_, pictures.color, threads);
    }
    ClipGeometry geometry;
    {
      const PhaseTimes::Scope scope(times, "pairs");
      const SeePairsOptions see{options.window, options.batch, networks_->CallsAtOnce(threads), threads};
      geometry = SeePairs(networks_->pairs(), pictures, see, journal_);
    }
    const PhaseTimes::Scope scope(times, "cameras");
    observations->camera.pinhole = ViewWith(frames.clip().working_from_source, geometry.focal_px).pinhole;
    for (size_t k = 0; k < keyframes.size(); ++k) {
      KeyframeGeometry& seen = geometry.keyframes[k];
      observations->keyframes.push_back({keyframes[k],
                                         std::move(seen.depth_m),
                                         std::move(seen.confidence),
                                         std::move(images[k].person_mask),
                                         std::move(images[k].color)});
    }
    observations->pairs = std::move(geometry.pairs);
    if (IsStaticCamera(frames, classical_.regime, nullptr)) {
      observations->camera.world_from_cam.assign(static_cast<size_t>(frames.count()), Rigid3d::Identity());
      observations->camera.poses_fixed = true;
      observations->flags.push_back("camera_static");
    } else {
      PlaceCameras(geometry.scores, observations);
    }
    SeeGround(classical_.ground, observations);
  }

  std::shared_ptr<const NetworkSet> networks_;
  int keyframe_interval_;
  ClassicalOptions classical_;
};

}  // namespace

PerceptionMaker MakeNetworkPerception(const NetworkOptions& options) {
  const auto networks = std::make_shared<const NetworkSet>(options);
  return {networks->identity(),
          [networks](const PerceptionOptions& perception, const ClassicalOptions& classical) {
            return std::make_unique<NetworkPerception>(networks, perception, classical);
          }};
}

}  // namespace foothold

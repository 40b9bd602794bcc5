// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/perception.h"

#include "foothold/base/error.h"
#include "foothold/perception/classical/classical.h"
#include "foothold/perception/recorded.h"
#include "foothold/perception/synthetic_back_end.h"

namespace foothold {

namespace {

const std::vector<std::string>& BackEnds() {
  static const std::vector<std::string> names = {"classical", "recorded", "synthetic", "networks"};
  return names;
}

}  // namespace

const OptionTable& PerceptionOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<PerceptionOptions>("perception", "What is seen in the video, and by which back end.")
          .Add(
              "name",
              &PerceptionOptions::name,
              BackEnds(),
              "Back end: classical needs nothing but the video; recorded reads <clip>.observations.h5 "
              "beside it; synthetic makes a rendered clip's exact observations again; networks runs those of "
              "[networks].")
          .Add("keyframe_interval",
               &PerceptionOptions::keyframe_interval,
               0,
               1000,
               "Frames between keyframes; 0 takes the number nearest to 1/6 s. Recorded and synthetic "
               "observations bring their own.")
          .Build();
  return table;
}

std::unique_ptr<Perception> MakePerception(const PerceptionOptions& options) {
  return MakePerception(options, ClassicalOptions());
}

std::unique_ptr<Perception> MakePerception(const PerceptionOptions& options,
                                           const ClassicalOptions& classical) {
  if (options.name == "classical") return MakeClassicalPerception(options, classical);
  if (options.name == "recorded") return MakeRecordedPerception();
  if (options.name == "synthetic") return MakeSyntheticPerception();
  if (options.name == "networks") {
    throw Error(
        ErrorKind::kUsage,
        "perception.name: 'networks' is not in this program, which has no LibTorch; use foothold label "
        "or label_corpus");
  }
  const std::string nearest = NearestWord(options.name, BackEnds());
  throw Error(ErrorKind::kUsage,
              "perception.name: '" + options.name + "' is not classical, recorded, synthetic or networks" +
                  (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
}

}  // namespace foothold

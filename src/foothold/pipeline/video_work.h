// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "foothold/pipeline/label_video.h"
#include "foothold/pipeline/partial_work.h"

namespace foothold {

// Inside of label_video.h: one video on its way, and the steps of one of its clips.
struct VideoWork {
  const VideoTask& task;
  const BodyModel& body;
  const LabelOptions& asked;
  LabelOptions options;           // On a lower rung of the memory ladder: reduced.
  labels::Provenance provenance;  // Of the options as asked for.
  MemoryRung rung;
  PartialWork partial;
  std::shared_ptr<FrameReaders> readers;
};
VideoWork MakeVideoWork(const VideoTask& task, const BodyModel& body, const LabelOptions& options);

// Clips of the task's frames; throws Error(kBadInput) also for frames that the video does not have.
std::vector<Clip> ClipsOf(const VideoWork& work);

// Perception, unless a process before this one completed it. `journal` may be null.
Observations ObserveOrResume(const VideoWork& work, const Clip& clip, Journal* journal, PhaseTimes* times);

// Perception of a clip or a part of one.
Observations ObserveClip(const VideoWork& work, const Clip& clip, PhaseTimes* times, Journal* journal);

// Whether the back end looks at pictures; others bring what was seen of the whole clip.
bool SeesPictures(const LabelOptions& options);

// The joint optimisation, as a label.
labels::Label OptimiseClip(
    const VideoWork& work, const Clip& clip, Observations observations, PhaseTimes* times, Journal* journal);

// Adds each flag once, keeping order.
void AddFlags(const std::vector<std::string>& more, std::vector<std::string>* flags);

}  // namespace foothold

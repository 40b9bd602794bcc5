// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "foothold/base/journal.h"
#include "foothold/base/options.h"
#include "foothold/base/timer.h"
#include "foothold/scene/body.h"
#include "foothold/scene/clip.h"
#include "foothold/scene/observations.h"

namespace foothold {

class FrameReaders;
struct ClassicalOptions;

struct PerceptionOptions {
  std::string name = "classical";  // classical, recorded, synthetic, networks
  int keyframe_interval = 0;       // Frames between keyframes; 0: nearest to 1/6 s.
  static const OptionTable& Table();
};

// One back end: a clip of a video in, Observations out. Throws Error(kBadInput) with a named reason
// when the clip cannot carry a label (no_people, low_parallax, ...).
class Perception {
 public:
  virtual ~Perception() = default;
  // `threads` must not change the result. `times` gets seconds per phase; may be null.
  virtual Observations Observe(const Clip& clip, const BodyModel& body, int threads, PhaseTimes* times) = 0;

  // Where a back end that takes long may keep finished pieces of the next Observe, and find those of a
  // process that died; null (the default): nowhere. Never changes the result.
  void set_journal(Journal* journal) { journal_ = journal; }
  // Where a back end that looks at pictures takes them from; null (the default): a reader of its own.
  void set_readers(FrameReaders* readers) { readers_ = readers; }

 protected:
  Journal* journal_ = nullptr;
  FrameReaders* readers_ = nullptr;
};

// Throws Error(kUsage) for an unknown name, and for networks, which only programs with LibTorch have
// (perception_networks/network_perception.h). `classical` is used by the back end of that name only; the
// short form takes its defaults.
std::unique_ptr<Perception> MakePerception(const PerceptionOptions& options,
                                           const ClassicalOptions& classical);
std::unique_ptr<Perception> MakePerception(const PerceptionOptions& options);

// A back end that is linked into some programs only: networks.
struct PerceptionMaker {
  std::string identity;  // What its results follow from beside the options, as lines "# ..." for provenance.
  std::function<std::unique_ptr<Perception>(const PerceptionOptions& options,
                                            const ClassicalOptions& classical)>
      make;
};

}  // namespace foothold

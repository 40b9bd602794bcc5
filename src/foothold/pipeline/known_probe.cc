// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/known_probe.h"

#include <sys/stat.h>

#include "foothold/base/bytes.h"
#include "foothold/base/file_journal.h"

namespace foothold {
namespace {

constexpr char kName[] = "probe";

// Size and time of last change; empty when there is no such file.
std::string StampOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return "";
  return std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) + " " +
         std::to_string(status.st_mtim.tv_nsec);
}

std::string WriteProbe(const VideoProbe& probe) {
  return ByteWriter()
      .Put(probe.content_hash)
      .Put(probe.width)
      .Put(probe.height)
      .Put(probe.rotation_deg)
      .Put(probe.container_frames)
      .Put(probe.time_s)
      .Put(probe.frame_rate_hz)
      .Put(probe.variable_rate)
      .Put(probe.cuts)
      .Put(probe.flags)
      .Take();
}

bool ReadProbe(const std::string& bytes, VideoProbe* probe) {
  ByteReader reader(bytes);
  reader.Get(&probe->content_hash).Get(&probe->width).Get(&probe->height).Get(&probe->rotation_deg);
  reader.Get(&probe->container_frames).Get(&probe->time_s).Get(&probe->frame_rate_hz);
  reader.Get(&probe->variable_rate).Get(&probe->cuts).Get(&probe->flags);
  return reader.at_end();
}

bool IsLong(const VideoProbe& probe, const VideoOptions& options) {
  return PlanParts(0, static_cast<int>(probe.time_s.size()), options).size() > 1;
}

}  // namespace

VideoProbe ProbeOnce(const std::string& path, const VideoOptions& options, const PartialWork& partial) {
  const std::string stamp = StampOf(path);
  if (partial.folder().empty() || stamp.empty()) return ProbeVideo(path, options);
  FileJournal journal(partial.folder(), kName, partial.parts_identity(), 0);
  std::string bytes;
  VideoProbe probe;
  probe.path = path;
  if (journal.Find(stamp, &bytes) && ReadProbe(bytes, &probe)) return probe;
  probe = ProbeVideo(path, options);
  if (IsLong(probe, options)) journal.Keep(stamp, WriteProbe(probe));
  return probe;
}

void ForgetProbe(const PartialWork& partial) { partial.Remove(kName); }

}  // namespace foothold

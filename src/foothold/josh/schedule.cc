// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/schedule.h"

#include "foothold/base/error.h"

namespace foothold {

std::vector<int> ChooseKeyframes(int num_frames, int interval) {
  FOOTHOLD_CHECK(num_frames > 0 && interval > 0, "keyframes of an empty chunk");
  std::vector<int> keyframes;
  for (int frame = 0; frame < num_frames; frame += interval) keyframes.push_back(frame);
  if (keyframes.back() != num_frames - 1) keyframes.push_back(num_frames - 1);
  return keyframes;
}

int ChunkLength(int num_frames, int first_frame, const ScheduleOptions& options) {
  const int stride = options.interval * (options.max_keyframes - 1);
  const int remaining = num_frames - first_frame;
  return remaining < 1 + 2 * stride ? remaining : 1 + stride;
}

std::vector<Chunk> MakeChunks(int num_frames, const ScheduleOptions& options) {
  FOOTHOLD_CHECK(num_frames > 0 && options.interval > 0 && options.max_keyframes > 1, "schedule options");
  const int stride = options.interval * (options.max_keyframes - 1);
  std::vector<Chunk> chunks;
  int covered = 0;
  for (int first = 0; covered < num_frames; first += stride) {
    const int length = ChunkLength(num_frames, first, options);
    chunks.push_back({first, length, ChooseKeyframes(length, options.interval)});
    covered = first + length;
  }
  return chunks;
}

}  // namespace foothold

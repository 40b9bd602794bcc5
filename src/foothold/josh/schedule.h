// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace foothold {

// How a video is cut into chunks and which frames are keyframes. Neighbouring chunks share one frame.
struct ScheduleOptions {
  int interval = 5;        // Frames between keyframes.
  int max_keyframes = 21;  // Of a regular chunk; the last chunk may have nearly twice as many.
};

struct Chunk {
  int first_frame = 0;
  int num_frames = 0;
  std::vector<int> keyframes;  // Relative to first_frame; the first is 0, the last num_frames - 1.
};

// 0, interval, 2 interval, ..., and always the last frame: the last gap may be shorter.
std::vector<int> ChooseKeyframes(int num_frames, int interval);

// Frames of the chunk that starts at `first_frame`: all that remain when they are fewer than two
// regular chunks would need, else a regular chunk, 1 + interval (max_keyframes - 1).
int ChunkLength(int num_frames, int first_frame, const ScheduleOptions& options);

// Chunks in order, covering every frame.
std::vector<Chunk> MakeChunks(int num_frames, const ScheduleOptions& options);

}  // namespace foothold

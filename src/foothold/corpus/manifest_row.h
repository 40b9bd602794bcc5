// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foothold/corpus/corpus.h"

namespace foothold {

// What a scan found out about a video. Numbers of frames and times are claims of the container unless the
// scan had to decode the file.
struct VideoFacts {
  std::string content;      // "xxh3-128:<hex>", or "ends:<hex>" (HashFileEnds).
  int64_t size_bytes = -1;  // Negative here and below: not known.
  int width = 0, height = 0;
  int rotation_deg = 0;
  double frame_rate_hz = 0;
  int num_frames = 0;
  double duration_s = 0;
  std::string codec;  // Four characters, "h264".
  int people = -1;    // Most seen at once.

  bool operator==(const VideoFacts&) const = default;
};

// One row of a manifest: a unit of work and what is known of its video.
struct ManifestRow {
  Unit unit;
  double begin_s = -1, end_s = -1;  // As asked for, where the list gave seconds.
  std::string caption, licence;
  std::string duplicate_of;  // Id of the unit with the same content and range.
  VideoFacts facts;          // Of a part: empty, its join has them.
};

// One line of JSON without its end. Every text becomes valid: paths that are not UTF-8 are written with %XX
// under another name.
std::string FormatManifestRow(const ManifestRow& row);
// Throws Error(kBadInput) "origin: field '...' ..."
ManifestRow ParseManifestRow(const std::string& line, const std::string& origin);

const char* NameOf(Unit::Kind kind);

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace foothold {

// One piece of work: a video, a part of a long one, or the join of its parts. Ranks claim units through
// the ledger.
struct Unit {
  enum class Kind { kVideo, kPart, kJoin };
  // Unique in the corpus and stable when videos are added: the id given by a CSV, otherwise the path
  // below the corpus folder, extension included ("2019/walk.mp4"). Labels go to <output>/labels/<id>/.
  std::string id;
  std::string path;
  int begin = 0, end = -1;  // Frames [begin, end); end < 0: to the end of the video.
  Kind kind = Kind::kVideo;
  int num_parts = 0;  // Of a join: the units just before it in the list; it opens when they are done.
  double cost_s = 1;  // Estimated seconds of work; only ratios matter.
  int priority = 0;   // Higher first.
  // Of a join that is being worked on: its parts without a result, counted from 0 in list order.
  std::vector<int> missing_parts = {};
  // Not empty: the scan found that the input cannot carry a label; recorded without opening it again.
  std::string rejected_reason = {}, rejected_message = {};
  // File-name form of the id for the ledger: readable part and hash.
  std::string Key() const;
};

struct Corpus {
  std::vector<Unit> units;  // Sorted by id.
  // Everything that has to be the same on all ranks.
  std::string Fingerprint() const;
};

// The units of one source (sources.h), each a whole video or a range of its frames. Files are only listed,
// not opened: a missing or broken video fails later, alone. Throws as ReadSources, and Error(kBadInput) for
// ranges in seconds.
Corpus ReadCorpus(const std::string& list);

// By extension: mp4, mov, mkv, webm, avi, ...
bool HasVideoExtension(const std::string& path);

}  // namespace foothold

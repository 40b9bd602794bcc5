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
  // File-name form of the id for the ledger: readable part and hash.
  std::string Key() const;
};

struct Corpus {
  std::vector<Unit> units;  // Sorted by id.
  // Everything that has to be the same on all ranks.
  std::string Fingerprint() const;
};

// Reads a corpus from
//   - a folder: all videos below it, hidden files and other extensions skipped;
//   - a video file, or a glob such as "videos/*.mp4";
//   - a .csv file with the header id,path and, if wanted, begin,end: frames [begin, end), empty for the
//     whole video (further columns are ignored);
//   - a .txt file with one path, folder or glob per line, # for comments.
// Relative paths in a list are relative to the list. Files are only listed, not opened: a missing or
// broken video fails later, alone. Throws Error(kBadInput) for a list that cannot be read, malformed
// or duplicate ids, naming both lines, and an empty corpus.
Corpus ReadCorpus(const std::string& list);

// By extension: mp4, mov, mkv, webm, avi, ...
bool HasVideoExtension(const std::string& path);

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/corpus/corpus.h"

namespace foothold {

// One video as somebody listed it; nothing was opened yet.
struct SourceRow {
  Unit unit;                        // id, path, begin, end, priority; a reason when it is refused already.
  double begin_s = -1, end_s = -1;  // Range in seconds instead of frames; negative: not given.
  std::string caption, licence;
  std::string origin;  // For messages: "list.csv:3" or the path.
};

// Rows of one or more sources, sorted by id. A source is
//   - a folder: all videos and tar archives below it; hidden files and other extensions are skipped, links
//   are
//     followed, and a link in a circle or a folder that cannot be read is no reason to stop;
//   - a video file, a tar archive (its videos are "shard.tar/member"; a member of the same name with the
//     extension .txt or .json has its caption and licence), or a glob such as "videos/*.mp4";
//   - a .csv file with the header id,path and, if wanted, begin,end (frames), begin_s,end_s (seconds),
//     caption, licence, priority; further columns are ignored;
//   - a .jsonl file with one object a line, of the same fields;
//   - a .txt file with one path, folder, archive or glob per line, # for comments.
// Relative paths in a list are relative to the list. Ids that come from file names are made usable by
// IdOfName; ids that somebody wrote have to be good ones.
// Throws Error(kBadInput) for a list that cannot be read, malformed or duplicate ids, naming both lines, and
// when there is no video at all.
std::vector<SourceRow> ReadSources(const std::vector<std::string>& sources);

}  // namespace foothold

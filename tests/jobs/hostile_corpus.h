// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace foothold {

// `count` files as the web and broken disks have them, below `folder`/v: damaged, cut short, empty, of
// another type, hours of one picture, odd rates, sizes, rotations and names, sound alone, closed, links in
// circles, pipes, archives. Made with the ffmpeg program; false, and nothing else, where it is not installed.
// `paths`: every file and link that a scan has to say something about.
bool MakeHostileCorpus(const std::string& folder, int count, std::vector<std::string>* paths);

}  // namespace foothold

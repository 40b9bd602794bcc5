// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/perception/network_options.h"
#include "support/temporary_folder.h"

namespace foothold {

// A rendered video of one person, with observations and truth beside it. Its path.
struct SmallVideo {
  int num_frames = 21, width = 192, height = 128;
};
std::string WriteSmallVideo(const std::string& folder, const SmallVideo& video);

// Weights of a tiny MASt3R that was never trained; the same for the same seed.
void WriteTinyMast3r(const std::string& path, uint64_t seed);

// Stub modules that know nothing of their pictures, in folder/modules, and a tiny MASt3R beside: one person
// in the box [x0, y0, x1, y1] (shares of the picture), standing upright at the size `body_size` of the crop.
struct StubPerson {
  double x0 = 0.3, y0 = 0.2, x1 = 0.6, y1 = 0.9;
  double score = 0.9;
  double body_size = 0.9;
};
NetworkOptions WriteStubNetworks(const TemporaryFolder& folder, const StubPerson& person);

// The other roles, one at a time.
void WriteMaskStub(const NetworkOptions& options, const StubPerson& person);
void WriteDepthStub(const NetworkOptions& options, double depth_m);
void WriteContactStub(const NetworkOptions& options, int num_vertices);

// A module of a role from its script and the JSON of its inputs and outputs.
void WriteStub(const NetworkOptions& options,
               const std::string& role,
               const std::string& script,
               const std::string& tensors);

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/error.h"
#include "foothold/base/options.h"
#include "foothold/config/config_file.h"
#include "foothold/scene/synthetic.h"
#include "fuzz/fuzz_targets.h"

namespace foothold::fuzz {

namespace {

// Values that a config file sets must survive a dump.
void Run(const std::string& data) {
  SyntheticOptions options, again;
  OptionSet set, set_again;
  set.Bind(&options);
  set_again.Bind(&again);
  try {
    for (const OptionAssignment& assignment : ParseConfigText(data, "fuzz")) {
      set.Assign(assignment.key, assignment.text, assignment.origin);
    }
    set.CheckOrThrow();
  } catch (const Error&) {
    return;
  }
  for (const OptionAssignment& assignment : ParseConfigText(set.Dump(), "dump")) {
    set_again.Assign(assignment.key, assignment.text, assignment.origin);
  }
  FOOTHOLD_CHECK(set.Dump() == set_again.Dump(), "options change in a dump");
}

std::vector<std::string> Seeds() {
  return {"# comment\n[synthetic]\nnum_frames = 50\nscene = \"room\"  # note\nfocal_px = 1e2\n",
          "[synthetic]\nscene = \"a\\\"b\\\\ \\n\\t\"\n"};
}

}  // namespace

const FuzzTarget kConfig = {"config", Run, Seeds};

}  // namespace foothold::fuzz

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/base/options.h"

namespace foothold {

struct ToolOptions {
  int count = 1;
  double size_m = 0.5;
  bool fast = false;
  std::string note;
  static const OptionTable& Table() {
    static const OptionTable table = OptionTableBuilder<ToolOptions>("tool", "A tool.")
                                         .Add("count", &ToolOptions::count, 0, 10, "How many.")
                                         .Add("size_m", &ToolOptions::size_m, 0, 1, "How large.")
                                         .Add("fast", &ToolOptions::fast, "Whether to hurry.")
                                         .Add("note", &ToolOptions::note, {}, "Any text.")
                                         .Build();
    return table;
  }
};

}  // namespace foothold

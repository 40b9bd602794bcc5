// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace foothold {

// Replaces this process by the program beside it whose name is that of this one and "-SUFFIX", with the same
// arguments. Programs whose libraries take long to load are apart from those that most people run. Throws
// Error(kUsage) when it cannot be started; `remedy` ends the message.
[[noreturn]] void BecomeSibling(const std::string& suffix, const std::string& remedy);

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace foothold {

// The program `name` that lies beside this one takes over this process, with the same arguments: how programs
// that start quickly reach what is linked with LibTorch. Throws Error(kUsage) when it is not there or cannot
// be started, which means a build without LibTorch.
[[noreturn]] void HandOverTo(const std::string& name);

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace foothold::report {

// The page's style sheet, with its element. Light and dark by the reader's setting; narrow screens stack.
std::string StyleElement();

}  // namespace foothold::report

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace foothold {

bool IsUtf8(const std::string& text);

// Ids become folders below the output: no way out of it, nothing hidden, nothing a shell trips over. An
// empty string, or what is wrong with an id that somebody wrote.
std::string ProblemOfId(const std::string& id);

// The id of a file by its name, whatever that is: the name itself where it is a good id; otherwise with what
// cannot be in an id as %XX, parts that are too long shortened, and "~" with eight hex digits of the name's
// hash at the end, so that different names stay different.
std::string IdOfName(const std::string& name);

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace foothold {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Lines "09:30:12 I r0 message" on stderr; rank and clip come from ErrorContext.
void SetLogLevel(LogLevel level);
// debug, info, warning, error; anything else is info.
LogLevel LogLevelOf(const std::string& name);
void LogDebug(const std::string& message);
void LogInfo(const std::string& message);
void LogWarning(const std::string& message);
void LogError(const std::string& message);

// The last lines that were printed, oldest first, for reports of failures.
std::vector<std::string> RecentLogLines();
// Also hands every printed line to `tap`, until it is replaced; empty: to nobody. The tap must not log.
void SetLogTap(std::function<void(const std::string& line)> tap);

}  // namespace foothold

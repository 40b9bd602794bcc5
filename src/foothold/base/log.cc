// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/log.h"

#include <algorithm>
#include <deque>
#include <mutex>

#include "foothold/base/error.h"

#ifdef FOOTHOLD_HAVE_SPDLOG
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#else
#include <atomic>
#include <cstdio>
#include <ctime>
#endif

namespace foothold {
namespace {

// "r0 " and "[clip] " where known.
std::string Tag() {
  std::string tag;
  if (ErrorContext::Rank() >= 0) tag += "r" + std::to_string(ErrorContext::Rank()) + " ";
  if (!ErrorContext::ClipId().empty()) tag += "[" + ErrorContext::ClipId() + "] ";
  return tag;
}

// The last lines, and who else listens.
class Memory {
 public:
  void Add(const std::string& line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(line.substr(0, 1000));
    if (lines_.size() > kLines) lines_.pop_front();
    if (tap_) tap_(lines_.back());
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return {lines_.begin(), lines_.end()};
  }
  void SetTap(std::function<void(const std::string&)> tap) {
    const std::lock_guard lock(mutex_);
    tap_ = std::move(tap);
  }

 private:
  static constexpr size_t kLines = 30;
  std::mutex mutex_;
  std::deque<std::string> lines_;
  std::function<void(const std::string&)> tap_;
};

Memory& LogMemory() {
  static Memory* const memory = new Memory;  // As long as the logger.
  return *memory;
}

#ifdef FOOTHOLD_HAVE_SPDLOG

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& Logger() {
  // Never destroyed: destructors of static objects may still log.
  static spdlog::logger* const logger = [] {
    auto* made = new spdlog::logger("foothold", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%H:%M:%S %L %v");
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

void Write(LogLevel level, const std::string& message) {
  if (!Logger().should_log(SpdlogLevel(level))) return;
  const std::string line = Tag() + message;
  Logger().log(SpdlogLevel(level), spdlog::string_view_t(line));
  LogMemory().Add(line);
}

#else  // A bare GPU node: the same lines without the library.

std::atomic<LogLevel> g_level{LogLevel::kInfo};

void Write(LogLevel level, const std::string& message) {
  if (level < g_level.load()) return;
  const std::string line = Tag() + message;
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::fprintf(stderr,
               "%02d:%02d:%02d %c %s\n",
               local.tm_hour,
               local.tm_min,
               local.tm_sec,
               "DIWE"[static_cast<int>(level)],
               line.c_str());
  LogMemory().Add(line);
}

#endif

}  // namespace

void SetLogLevel(LogLevel level) {
#ifdef FOOTHOLD_HAVE_SPDLOG
  Logger().set_level(SpdlogLevel(level));
#else
  g_level = level;
#endif
}

LogLevel LogLevelOf(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  return LogLevel::kInfo;
}

void LogDebug(const std::string& message) { Write(LogLevel::kDebug, message); }
void LogInfo(const std::string& message) { Write(LogLevel::kInfo, message); }
void LogWarning(const std::string& message) { Write(LogLevel::kWarning, message); }
void LogError(const std::string& message) { Write(LogLevel::kError, message); }

std::vector<std::string> RecentLogLines() { return LogMemory().lines(); }

void SetLogTap(std::function<void(const std::string&)> tap) { LogMemory().SetTap(std::move(tap)); }

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/heartbeat.h"

#include <unistd.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "foothold/corpus/whole_number.h"

namespace foothold {
namespace {

// Equal for two processes only when they run on the same boot of one machine and see the same process ids.
std::string MachineId() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  char space[64] = "";
  if (readlink("/proc/self/ns/pid", space, sizeof(space) - 1) <= 0 || boot.empty()) return "";
  return boot + " " + space;
}

// Clock ticks after boot; tells a process from a later one with the same id. Empty: no such process.
std::string StartTimeOf(long pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const size_t name_end = text.rfind(')');  // The name may hold blanks.
  if (name_end == std::string::npos) return "";
  std::string word;
  size_t position = name_end + 1;
  for (int field = 3; field <= 22; ++field) {
    position = text.find_first_not_of(' ', position);
    const size_t end = text.find(' ', position);
    if (position == std::string::npos || end == std::string::npos) return "";
    word = text.substr(position, end - position);
    if (field == 3 && word == "Z") return "";  // Dead, only not yet waited for.
    position = end;
  }
  return word;
}

}  // namespace

Heartbeat::Heartbeat(double interval_s, std::function<void()> beat)
    : interval_s_(interval_s), beat_(std::move(beat)), thread_([this] { Run(); }) {}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Heartbeat::Run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, std::chrono::duration<double>(interval_s_), [this] { return stop_; })) beat_();
}

std::string HostName() {
  char name[256] = "";
  gethostname(name, sizeof(name) - 1);
  return name;
}

std::string DescribeThisProcess(const std::string& process_name) {
  static const std::string machine = MachineId();
  const nlohmann::ordered_json description = {{"process", process_name},
                                              {"host", HostName()},
                                              {"pid", getpid()},
                                              {"machine", machine},
                                              {"process_start", StartTimeOf(getpid())},
                                              {"time_unix_s", std::time(nullptr)}};
  return description.dump() + "\n";
}

Holder HolderOf(std::string_view claim_text) {
  const size_t end = claim_text.find('\n');
  if (end == std::string_view::npos) return Holder::kUnknown;
  const auto claim = nlohmann::json::parse(claim_text.substr(0, end), nullptr, false);
  if (!claim.is_object()) return Holder::kUnknown;
  try {
    const std::string machine = claim.value("machine", ""), start = claim.value("process_start", "");
    if (machine.empty() || start.empty() || machine != MachineId()) return Holder::kElsewhere;
    return StartTimeOf(WholeNumber<long>(claim.at("pid"))) == start ? Holder::kAlive : Holder::kDead;
  } catch (const std::exception&) {  // A member that is missing or of another type.
    return Holder::kUnknown;
  }
}

}  // namespace foothold

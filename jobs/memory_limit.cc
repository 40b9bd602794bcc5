// SPDX-License-Identifier: Apache-2.0
#include "jobs/memory_limit.h"

#include <sys/resource.h>

#include <fstream>
#include <string>

#include "foothold/base/log.h"

namespace foothold {
namespace {

// The number after `name` in a file of such lines, or 0.
long NumberIn(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  std::string word;
  long number = 0;
  while (file >> word >> number) {
    if (word == name) return number;
  }
  return 0;
}

// Of control groups version 2: the line "0::/path".
std::string ControlGroup() {
  std::ifstream file("/proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("0::")) return "/sys/fs/cgroup" + line.substr(3);
  }
  return "/sys/fs/cgroup";
}

}  // namespace

// RLIMIT_DATA and not RLIMIT_AS: address space that is only reserved, as by malloc's arenas per thread or by
// a GPU's driver, is no memory.
void LimitMemory(double memory_gb) {
  if (memory_gb <= 0) return;
  const auto bytes = static_cast<rlim_t>(memory_gb * 1e9);
  const rlimit limit{bytes, bytes};
  if (setrlimit(RLIMIT_DATA, &limit) != 0)
    LogWarning("job.memory_gb has no effect here: setrlimit refused it");
}

long CountMemoryKills() {
  return NumberIn("/proc/vmstat", "oom_kill") + NumberIn(ControlGroup() + "/memory.events", "oom_kill");
}

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/fault.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <sstream>
#include <string>

namespace foothold {
namespace {

struct Fault {
  std::string point;
  int at = 0;
  std::string action;
  std::atomic<int> passes{0};
};

// "point:N:action" separated by commas. A text that makes no sense ends the program: a test that injects
// nothing would prove nothing.
std::deque<Fault> ParseFaults(const char* text) {
  std::deque<Fault> faults;
  std::istringstream items(text == nullptr ? "" : text);
  for (std::string item; std::getline(items, item, ',');) {
    std::istringstream words(item);
    std::string number;
    Fault& fault = faults.emplace_back();
    std::getline(words, fault.point, ':');
    std::getline(words, number, ':');
    std::getline(words, fault.action, ':');
    fault.at = std::atoi(number.c_str());
    const bool known = fault.action == "kill" || fault.action == "eio" || fault.action == "enospc";
    if (fault.point.empty() || fault.at < 1 || !known) {
      fprintf(stderr, "FOOTHOLD_FAULT: '%s' is not point:N:kill|eio|enospc\n", item.c_str());
      std::_Exit(2);
    }
  }
  return faults;
}

std::deque<Fault>& Faults() {
  static std::deque<Fault>& faults = *new std::deque<Fault>(ParseFaults(std::getenv("FOOTHOLD_FAULT")));
  return faults;
}

}  // namespace

namespace fault {

const bool armed = std::getenv("FOOTHOLD_FAULT") != nullptr;

int Pass(const char* point) {
  int error = 0;
  for (Fault& fault : Faults()) {
    if (fault.point != point || ++fault.passes != fault.at) continue;
    if (fault.action == "kill") raise(SIGKILL);
    error = fault.action == "eio" ? EIO : ENOSPC;
  }
  return error;
}

bool IsNext(const char* point) {
  for (const Fault& fault : Faults()) {
    if (fault.point == point && fault.passes + 1 == fault.at) return true;
  }
  return false;
}

}  // namespace fault
}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#include "jobs/drain.h"

#include <csignal>
#include <initializer_list>

namespace foothold {
namespace {

volatile std::sig_atomic_t drain_requested = 0;

void OnSignal(int signal) {
  drain_requested = 1;
  if (signal == SIGINT) std::signal(SIGINT, SIG_DFL);
}

}  // namespace

void InstallDrainHandler() {
  struct sigaction action {};
  action.sa_handler = &OnSignal;
  action.sa_flags = SA_RESTART;  // Half-done writes go on.
  for (const int signal : {SIGTERM, SIGUSR1, SIGINT}) sigaction(signal, &action, nullptr);
}

bool DrainRequested() { return drain_requested != 0; }

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "foothold/base/fault.h"
#include "foothold/base/log.h"

namespace foothold {
namespace {

TEST(Fault, UnsetNothingFails) {
  if (std::getenv("FOOTHOLD_FAULT") != nullptr) GTEST_SKIP() << "SKIPPED: FOOTHOLD_FAULT is set";
  EXPECT_FALSE(fault::armed);
  EXPECT_EQ(FaultAt("file.synced"), 0);
}

// Runs this program again with the variable, and there the test below.
int RunWith(const std::string& faults) {
  const std::string command = "FOOTHOLD_FAULT='" + faults + "' FOOTHOLD_FAULT_TEST=1 /proc/" +
                              std::to_string(getpid()) + "/exe --gtest_filter=Fault.InAChild >/dev/null 2>&1";
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(Fault, InAChild) {
  if (std::getenv("FOOTHOLD_FAULT_TEST") == nullptr) GTEST_SKIP() << "SKIPPED: run by Fault.ActsAtTheNthPass";
  EXPECT_EQ(FaultAt("a"), 0);
  EXPECT_EQ(FaultAt("b"), ENOSPC);
  EXPECT_TRUE(FaultIsNext("a"));
  EXPECT_EQ(FaultAt("a"), EIO);
  EXPECT_EQ(FaultAt("a"), 0);
  FaultAt("c");
}

TEST(Fault, ActsAtTheNthPass) {
  EXPECT_EQ(RunWith("a:2:eio,b:1:enospc"), 0);
  EXPECT_EQ(RunWith("a:2:eio,b:1:enospc,c:1:kill"), 128 + SIGKILL);
  EXPECT_EQ(RunWith("a:0:eio"), 2);
  EXPECT_EQ(RunWith("a:1:explode"), 2);
}

TEST(Log, RemembersItsLastLinesAndTellsTheTap) {
  std::vector<std::string> heard;
  SetLogTap([&](const std::string& line) { heard.push_back(line); });
  for (int i = 0; i < 40; ++i) LogInfo("line " + std::to_string(i));
  LogDebug("not printed");
  SetLogTap({});
  LogInfo("line 40");
  ASSERT_EQ(heard.size(), 40u);
  EXPECT_EQ(heard.front(), "line 0");
  const std::vector<std::string> recent = RecentLogLines();
  EXPECT_EQ(recent.size(), 30u);
  EXPECT_EQ(recent.back(), "line 40");
}

}  // namespace
}  // namespace foothold

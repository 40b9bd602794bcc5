// SPDX-License-Identifier: Apache-2.0
#include "foothold/device/device.h"

#include <vector>

#include "support/expect_error.h"

namespace foothold {
namespace {

TEST(Device, AbsenceIsAClearError) {
  if (DeviceCount() > 0) GTEST_SKIP() << "this machine has a GPU";
  EXPECT_FALSE(WhyNoDevice().empty());
  ExpectError(ErrorKind::kDevice, {"no usable GPU", WhyNoDevice()}, [] { SelectDevice(0); });
}

TEST(Device, FailedCallsThrow) {
  // 1 is cudaErrorInvalidValue; without CUDA every call fails.
  ExpectError(ErrorKind::kDevice, {}, [] { FOOTHOLD_CUDA_CHECK(1); });
}

TEST(Device, GraphsReplayTransfers) {
  if (DeviceCount() == 0) GTEST_SKIP() << "SKIPPED, NO GPU: " << WhyNoDevice();
  SelectDevice(0);
  DeviceStream stream;
  DeviceGraph graph;
  ExpectError(ErrorKind::kContract, {"recorded"}, [&] { graph.Launch(stream); });
  PinnedBuffer<int> sent(3), received(3);
  DeviceBuffer<int> first(3), second(3);
  graph.BeginCapture(stream);
  first.Upload(sent.data(), 3, stream);
  second.CopyFrom(first, 3, stream);
  second.Download(received.data(), 3, stream);
  graph.EndCapture(stream);
  DeviceTimer timer;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 3; ++i) sent.data()[i] = 10 * round + i;
    timer.Start(stream);
    graph.Launch(stream);
    timer.Stop(stream);
    EXPECT_GE(timer.Wait_ms(), 0);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(received.data()[i], 10 * round + i);
  }
}

TEST(Device, BuffersCarryDataThereAndBack) {
  if (DeviceCount() == 0) GTEST_SKIP() << "SKIPPED, NO GPU: " << WhyNoDevice();
  SelectDevice(0);
  EXPECT_FALSE(DescribeDevice(0).empty());
  DeviceStream stream;
  DeviceBuffer<int> buffer(4);
  const std::vector<int> sent = {1, -2, 3, 4};
  std::vector<int> received(4);
  buffer.Upload(sent.data(), 4, stream);
  buffer.Download(received.data(), 4, stream);
  stream.Synchronize();
  EXPECT_EQ(received, sent);
  ExpectError(ErrorKind::kContract, {"beyond the end"}, [&] { buffer.Upload(sent.data(), 5, stream); });
}

}  // namespace
}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#include "labels/hdf5.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "labels/message_of.h"

namespace foothold::labels {
namespace {

template <class T>
void ExpectRoundTrip(const std::vector<T>& values, const Hdf5Shape& shape) {
  Hdf5Writer writer(512);
  writer.Write("group/sub/values", values, shape);
  const Hdf5Reader reader = Hdf5Reader::FromBytes(writer.Finish(), "memory");
  EXPECT_EQ(reader.Shape("group/sub/values"), shape);
  EXPECT_EQ(reader.Read<T>("group/sub/values"), values);
}

TEST(Hdf5, RoundTripsEveryType) {
  ExpectRoundTrip<double>({1.5, -0.0, 1e300, 0.1, 5, 6}, {2, 3});
  ExpectRoundTrip<float>({1.5f, 0.1f, 1e-40f}, {3, 1});
  ExpectRoundTrip<int64_t>({std::numeric_limits<int64_t>::min(), 7}, {2});
  ExpectRoundTrip<int32_t>({-1, 7}, {1, 2});
  ExpectRoundTrip<uint64_t>({std::numeric_limits<uint64_t>::max()}, {1});
  ExpectRoundTrip<uint16_t>({65535, 0}, {2});
  ExpectRoundTrip<uint8_t>({255, 0, 1}, {3});
  ExpectRoundTrip<double>({3.0}, {});
  ExpectRoundTrip<float>({}, {0, 3});
}

TEST(Hdf5, RoundTripsChunkedArrays) {
  std::vector<float> values(3 * 700 * 900);
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(0.001f * static_cast<float>(i));
  ExpectRoundTrip<float>(values, {3, 700, 900});
  std::vector<int32_t> numbers(50001);
  std::iota(numbers.begin(), numbers.end(), -5);
  ExpectRoundTrip<int32_t>(numbers, {50001});
}

TEST(Hdf5, RoundTripsText) {
  Hdf5Writer writer;
  writer.WriteString("one", "größe");
  writer.WriteString("empty", "");
  writer.WriteStrings("many", {"a", "", "ccc"});
  writer.WriteStrings("none", {});
  writer.CreateGroup("g/h");
  writer.WriteAttribute("g/h", "unit", "m");
  writer.WriteAttribute("one", "note", "text");
  const Hdf5Reader reader = Hdf5Reader::FromBytes(writer.Finish(), "memory");
  EXPECT_EQ(reader.ReadString("one"), "größe");
  EXPECT_EQ(reader.ReadString("empty"), "");
  EXPECT_EQ(reader.ReadStrings("many"), (std::vector<std::string>{"a", "", "ccc"}));
  EXPECT_TRUE(reader.ReadStrings("none").empty());
  EXPECT_EQ(reader.ReadStringAttribute("g/h", "unit"), "m");
  EXPECT_EQ(reader.ReadStringAttribute("one", "note"), "text");
  EXPECT_FALSE(reader.HasAttribute("one", "unit"));
  EXPECT_FALSE(reader.HasAttribute("missing", "unit"));
  EXPECT_EQ(reader.Names("/"), (std::vector<std::string>{"empty", "g", "many", "none", "one"}));
  EXPECT_TRUE(reader.Has("g/h"));
  EXPECT_FALSE(reader.Has("x/y/z"));
}

TEST(Hdf5, EqualCallsGiveEqualBytes) {
  const auto make = [] {
    Hdf5Writer writer(512);
    std::vector<double> values(10000);
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i * i % 97);
    writer.Write("a/b", values, {100, 100});
    writer.WriteStrings("flags", {"x", "yy"});
    writer.WriteAttribute("a/b", "unit", "m");
    return writer.Finish();
  };
  const std::string first = make();
  EXPECT_EQ(first, make());
  EXPECT_EQ(first.substr(0, 512), std::string(512, '\0'));
  EXPECT_EQ(first.substr(512, 8), "\x89HDF\r\n\x1a\n");
}

TEST(Hdf5, NamesFileAndObjectInErrors) {
  Hdf5Writer writer;
  writer.Write<int64_t>("numbers", {1, -2, 300}, {3});
  writer.Write<double>("reals", {1.5}, {1});
  writer.WriteString("text", "abc");
  writer.CreateGroup("group");
  const Hdf5Reader reader = Hdf5Reader::FromBytes(writer.Finish(), "clip.h5");
  EXPECT_EQ(MessageOf([&] { reader.Read<double>("group/none"); }), "clip.h5: group/none: dataset missing");
  EXPECT_EQ(MessageOf([&] { reader.Read<double>("group"); }),
            "clip.h5: group: is a group, expected a dataset");
  EXPECT_EQ(MessageOf([&] { reader.Read<double>("text"); }), "clip.h5: text: holds text, expected numbers");
  EXPECT_EQ(MessageOf([&] { reader.Read<int32_t>("reals"); }),
            "clip.h5: reals: holds floating-point numbers, expected integers");
  EXPECT_EQ(MessageOf([&] { reader.Read<uint8_t>("numbers"); }),
            "clip.h5: numbers: holds -2, which is out of range");
  EXPECT_EQ(MessageOf([&] {
              reader.Read<double>("reals", {2, 3});
            }),
            "clip.h5: reals: has shape [1], expected [2, 3]");
  EXPECT_EQ(MessageOf([&] { reader.ReadString("reals"); }),
            "clip.h5: reals: holds floating-point numbers, expected text");
  EXPECT_EQ(reader.Read<double>("numbers"), (std::vector<double>{1, -2, 300}));
  EXPECT_EQ(reader.Read<int32_t>("numbers"), (std::vector<int32_t>{1, -2, 300}));
}

TEST(Hdf5, RefusesFilesThatAreNotHdf5) {
  EXPECT_NE(MessageOf([] { Hdf5Reader reader("/nonexistent/x.h5"); }).find("cannot be opened"),
            std::string::npos);
  EXPECT_NE(MessageOf([] { Hdf5Reader reader("/dev/null"); }).find("not a readable HDF5"), std::string::npos);
  EXPECT_NE(MessageOf([] { Hdf5Reader::FromBytes("", "empty"); }).find("not a readable HDF5"),
            std::string::npos);
  EXPECT_NE(MessageOf([] { Hdf5Reader::FromBytes(std::string(5000, 'x'), "text"); }).find("not a readable"),
            std::string::npos);
}

TEST(Hdf5, HalfRoundTripsAllValues) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const Half half{static_cast<uint16_t>(bits)};
    const float value = FloatFromHalf(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(FloatFromHalf(HalfFromFloat(value))));
    } else {
      ASSERT_EQ(HalfFromFloat(value).bits, half.bits) << value;
    }
  }
}

TEST(Hdf5, HalfRoundsToNearestEven) {
  EXPECT_EQ(HalfFromFloat(1.0f).bits, 0x3c00);
  EXPECT_EQ(HalfFromFloat(1.0f + 0x1p-11f).bits, 0x3c00);      // Tie, to even.
  EXPECT_EQ(HalfFromFloat(1.0f + 3 * 0x1p-11f).bits, 0x3c02);  // Tie, to even.
  EXPECT_EQ(HalfFromFloat(1.0f + 1.01f * 0x1p-11f).bits, 0x3c01);
  EXPECT_EQ(HalfFromFloat(65519.9f).bits, 0x7bff);
  EXPECT_EQ(HalfFromFloat(65520.0f).bits, 0x7c00);
  EXPECT_EQ(HalfFromFloat(0x1p-25f).bits, 0x0000);
  EXPECT_EQ(HalfFromFloat(1.01f * 0x1p-25f).bits, 0x0001);
  EXPECT_EQ(HalfFromFloat(-2.0f).bits, 0xc000);
}

TEST(Hdf5, StoresHalfAsFloat16) {
  std::vector<Half> values(20000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = HalfFromFloat(0.01f * static_cast<float>(i));
  Hdf5Writer writer;
  writer.Write("depth", values, {200, 100});
  const Hdf5Reader reader = Hdf5Reader::FromBytes(writer.Finish(), "memory");
  const std::vector<Half> halves = reader.Read<Half>("depth");
  const std::vector<float> floats = reader.Read<float>("depth");  // libhdf5's own conversion.
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(halves[i].bits, values[i].bits);
    ASSERT_EQ(floats[i], FloatFromHalf(values[i]));
  }
}

}  // namespace
}  // namespace foothold::labels

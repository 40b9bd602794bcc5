// SPDX-License-Identifier: Apache-2.0
#include "foothold/networks/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/networks/json_reader.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

// A file with any header and `data_bytes` bytes of data.
std::string FileWith(const std::string& header, size_t data_bytes) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(header.size() >> (8 * i)));
  return bytes + header + std::string(data_bytes, '\1');
}

SafetensorsFile Parse(const std::string& header, size_t data_bytes) {
  return SafetensorsFile::FromBytes(FileWith(header, data_bytes), "w.safetensors");
}

const std::string kGood = R"({"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})";

TEST(Safetensors, ReadsWhatItShould) {
  const SafetensorsFile file = Parse(
      R"( {"__metadata__":{"k\u00e9y":"\ud83d\ude00"}, "b":{"data_offsets":[24,24],"shape":[0,5],"dtype":"U8"},)"
      R"("norm.bias":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}, "s":{"dtype":"BOOL","shape":[],"data_offsets":[24,25]}}   )",
      25);
  EXPECT_EQ(file.metadata().at("k\xc3\xa9y"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(file.tensors().size(), 3u);
  EXPECT_EQ(file.Tensor("norm.bias").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(file.Tensor("norm.bias").num_bytes, 24u);
  EXPECT_EQ(file.Tensor("b").num_bytes, 0u);
  EXPECT_EQ(file.Tensor("s").type, TensorType::kBool);
  ExpectError(ErrorKind::kBadInput, {"w.safetensors", "no tensor 'norm.bia'", "nearest is 'norm.bias'"}, [&] {
    file.Tensor("norm.bia");
  });
}

// Every header that is not exactly right, and what its error says.
struct BadHeader {
  std::string name, header;
  size_t data_bytes;
  std::vector<std::string> message;
};

TEST(Safetensors, EveryCorruptFieldIsAnError) {
  const auto tensor = [](const std::string& fields) { return "{\"a\":{" + fields + "}}"; };
  const std::vector<BadHeader> cases = {
      {"no object", "[]", 0, {"byte 0", "expected '{'"}},
      {"unknown dtype",
       tensor(R"("dtype":"F8","shape":[1],"data_offsets":[0,1])"),
       1,
       {"tensor 'a'", "dtype 'F8'", "BF16"}},
      {"dtype of another kind",
       tensor(R"("dtype":4,"shape":[1],"data_offsets":[0,4])"),
       4,
       {"expected '\"'"}},
      {"negative side", tensor(R"("dtype":"U8","shape":[-1],"data_offsets":[0,1])"), 1, {"whole number"}},
      {"fractional side", tensor(R"("dtype":"U8","shape":[1.0],"data_offsets":[0,1])"), 1, {"whole number"}},
      {"side beyond 64 bits",
       tensor(R"("dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,1])"),
       1,
       {"64 bits"}},
      {"product overflows",
       tensor(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])"),
       0,
       {"too large"}},
      {"product overflows to the size",
       tensor(R"("dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,16])"),
       16,
       {"too large"}},
      {"too many sides",
       tensor(R"("dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,1])"),
       1,
       {"more than 16"}},
      {"range too long",
       tensor(R"("dtype":"F32","shape":[2,3],"data_offsets":[0,28])"),
       28,
       {"span 28 bytes", "need 24"}},
      {"range too short",
       tensor(R"("dtype":"F32","shape":[2,3],"data_offsets":[0,20])"),
       20,
       {"span 20 bytes", "need 24"}},
      {"range outside",
       tensor(R"("dtype":"F32","shape":[2,3],"data_offsets":[0,24])"),
       20,
       {"lie outside the 20 bytes", "cut short"}},
      {"range beyond 64 bits",
       tensor(R"("dtype":"U8","shape":[1],"data_offsets":[0,18446744073709551616])"),
       1,
       {"64 bits"}},
      {"range backwards", tensor(R"("dtype":"U8","shape":[1],"data_offsets":[1,0])"), 1, {"lie outside"}},
      {"range of one number",
       tensor(R"("dtype":"U8","shape":[1],"data_offsets":[0])"),
       1,
       {"needs two numbers"}},
      {"range of three", tensor(R"("dtype":"U8","shape":[1],"data_offsets":[0,1,2])"), 1, {"more than 2"}},
      {"missing field", tensor(R"("dtype":"U8","shape":[1])"), 1, {"tensor 'a' lacks"}},
      {"unknown field",
       tensor(R"("dtype":"U8","shape":[1],"data_offsets":[0,1],"order":"C")"),
       1,
       {"unknown field 'order'"}},
      {"field twice",
       tensor(R"("dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1])"),
       1,
       {"'dtype' twice"}},
      {"tensor twice",
       R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
       2,
       {"stands there twice"}},
      {"overlap",
       R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
       3,
       {"overlap at byte 2"}},
      {"gap",
       R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
       3,
       {"gap at byte 1"}},
      {"bytes of nobody",
       tensor(R"("dtype":"U8","shape":[1],"data_offsets":[0,1])"),
       2,
       {"1 bytes at the end belong to no tensor"}},
      {"metadata twice", R"({"__metadata__":{},"__metadata__":{}})", 0, {"twice"}},
      {"metadata key twice", R"({"__metadata__":{"k":"1","k":"2"}})", 0, {"'k' twice"}},
      {"metadata of numbers", R"({"__metadata__":{"k":1}})", 0, {"expected '\"'"}},
      {"not closed", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})", 1, {"expected '}'"}},
      {"more after the end", kGood + " x", 24, {"more text after the end"}},
      {"deep nesting", std::string(1 << 20, '{'), 0, {"byte 1"}},
      {"deep nesting of a value", "{\"a\":" + std::string(1 << 20, '['), 0, {"expected '{'"}},
      {"bad escape", R"({"\x":{}})", 0, {"unknown escape"}},
      {"half a surrogate", R"({"\ud800":{}})", 0, {"surrogate"}},
      {"control character", "{\"\n\":{}}", 0, {"control character"}},
      {"open string", "{\"a", 0, {"ends inside a string"}},
  };
  for (const BadHeader& bad : cases) {
    SCOPED_TRACE(bad.name);
    std::vector<std::string> message = bad.message;
    message.push_back("w.safetensors");
    ExpectError(ErrorKind::kBadInput, message, [&] { Parse(bad.header, bad.data_bytes); });
  }
}

TEST(Safetensors, BadLengths) {
  const std::string good = FileWith(kGood, 24);
  const auto parse = [](const std::string& bytes) { SafetensorsFile::FromBytes(bytes, "w"); };
  ExpectError(ErrorKind::kBadInput, {"too short"}, [&] { parse("1234567"); });
  ExpectError(ErrorKind::kBadInput, {"expected '{'"}, [&] { parse(std::string(8, '\0')); });
  std::string huge = good;
  huge[7] = '\x7f';
  ExpectError(ErrorKind::kBadInput, {"not a safetensors file"}, [&] { parse(huge); });
  // Cut at every length: never anything but this error.
  for (size_t size = 0; size < good.size(); ++size) {
    ExpectError(ErrorKind::kBadInput, {"w: "}, [&] { parse(good.substr(0, size)); });
  }
  parse(good);
}

TEST(Safetensors, FilesThatCannotBeRead) {
  const TemporaryFolder folder;
  ExpectError(ErrorKind::kBadInput, {"none.safetensors", "check the path"}, [&] {
    SafetensorsFile(folder.path() + "/none.safetensors");
  });
  ExpectError(ErrorKind::kBadInput, {"not a regular file"}, [&] { SafetensorsFile{folder.path()}; });
  WriteFileAtomically(folder.path() + "/empty", "");
  ExpectError(ErrorKind::kBadInput, {"is empty"}, [&] { SafetensorsFile(folder.path() + "/empty"); });
}

struct Contents {
  std::vector<double> doubles = {1, 2, 3};
  std::vector<float> floats = {4, 5};
  std::vector<uint16_t> halves = {1, 2, 3};
  std::vector<int64_t> longs = {-1};
  std::vector<int32_t> ints = {7};
  std::vector<uint8_t> bytes = {1, 0, 1};

  std::map<std::string, TensorView> Views() const {
    const auto view = [](TensorType type, const auto& values, std::vector<int64_t> shape) {
      return TensorView{type,
                        std::move(shape),
                        reinterpret_cast<const uint8_t*>(values.data()),
                        values.size() * sizeof(values[0])};
    };
    return {{"z.double", view(TensorType::kF64, doubles, {3})},
            {"float", view(TensorType::kF32, floats, {1, 2})},
            {"half", view(TensorType::kF16, halves, {3})},
            {"bfloat \"quoted\"", view(TensorType::kBf16, halves, {3, 1})},
            {"long", view(TensorType::kI64, longs, {})},
            {"int", view(TensorType::kI32, ints, {1})},
            {"byte", view(TensorType::kU8, bytes, {3})},
            {"bool", view(TensorType::kBool, bytes, {1, 3})},
            {"none", TensorView{TensorType::kF32, {0, 4}, nullptr, 0}}};
  }
};

TEST(Safetensors, RoundTripOfEveryType) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/w.safetensors";
  const Contents contents;
  const auto views = contents.Views();
  const std::map<std::string, std::string> metadata = {{"format", "pt"}, {"text", "a\nb\"c\\"}};
  WriteSafetensors(path, views, metadata);
  const SafetensorsFile file(path);
  EXPECT_EQ(file.metadata(), metadata);
  ASSERT_EQ(file.tensors().size(), views.size());
  for (const auto& [name, view] : views) {
    const TensorView& read = file.Tensor(name);
    EXPECT_EQ(read.type, view.type) << name;
    EXPECT_EQ(read.shape, view.shape) << name;
    ASSERT_EQ(read.num_bytes, view.num_bytes) << name;
    if (view.num_bytes > 0) {
      EXPECT_EQ(std::memcmp(read.bytes, view.bytes, view.num_bytes), 0) << name;
    }
    EXPECT_EQ(reinterpret_cast<uintptr_t>(read.bytes) % BytesOf(view.type), 0u) << name << " is not aligned";
  }
  EXPECT_EQ(ReadFile(path), FormatSafetensors(views, metadata));
}

TEST(Safetensors, NothingIsOverwritten) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/w.safetensors";
  const Contents contents;
  WriteSafetensors(path, contents.Views(), {});
  const std::string before = ReadFile(path);
  ExpectError(ErrorKind::kStorage, {path, "exists already"}, [&] {
    WriteSafetensors(path, {}, {{"k", "v"}});
  });
  EXPECT_EQ(ReadFile(path), before);
  WriteSafetensors(path, {}, {{"k", "v"}}, /*replace=*/true);
  EXPECT_EQ(SafetensorsFile(path).metadata().at("k"), "v");
  ExpectError(
      ErrorKind::kStorage, {"cannot be created"}, [&] { WriteSafetensors(folder.path() + "/no/w", {}, {}); });
  // No temporary is left.
  size_t num_files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++num_files;
  EXPECT_EQ(num_files, 1u);
}

TEST(JsonReader, Numbers) {
  const auto read = [](const std::string& text) { return JsonReader(text, "j").Unsigned(); };
  EXPECT_EQ(read("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(read(" 0"), 0u);
  for (const std::string bad : {"", "-1", "+1", "01", "1e3", "1.5", "x"}) {
    ExpectError(ErrorKind::kBadInput, {"j: byte"}, [&] { read(bad); });
  }
  EXPECT_EQ(JsonReader("-1.5e2", "j").Number(), -150);
  for (const std::string bad : {"", "nan", "inf", "1e999"}) {
    ExpectError(ErrorKind::kBadInput, {"j: byte"}, [&] { JsonReader(bad, "j").Number(); });
  }
}

}  // namespace
}  // namespace foothold

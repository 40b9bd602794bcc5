// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace foothold {

// The safetensors format of tensors on disk: 8 bytes with the header's length N (little endian), a JSON
// header of N bytes that names every tensor with its type, shape and byte range, then the bytes. Read and
// written here without a library; the header is trusted in nothing.

enum class TensorType { kF64, kF32, kF16, kBf16, kI64, kI32, kU8, kBool };
inline constexpr TensorType kTensorTypes[] = {TensorType::kF64,
                                              TensorType::kF32,
                                              TensorType::kF16,
                                              TensorType::kBf16,
                                              TensorType::kI64,
                                              TensorType::kI32,
                                              TensorType::kU8,
                                              TensorType::kBool};
const char* NameOf(TensorType type);  // "F32", as in the file.
size_t BytesOf(TensorType type);

// A tensor in row-major order. `bytes` belongs to whoever made the view, and need not be aligned.
struct TensorView {
  TensorType type = TensorType::kF32;
  std::vector<int64_t> shape;  // Empty: scalar.
  const uint8_t* bytes = nullptr;
  size_t num_bytes = 0;
};
std::string FormatShape(const std::vector<int64_t>& shape);  // "[3, 4]"

class SafetensorsFile {
 public:
  // Maps the file into memory; pages are read when they are used. Throws Error(kBadInput) naming the
  // file, the tensor and the field for every header that is not exactly right: byte ranges must match
  // type and shape, lie inside the file, and cover it without gap or overlap.
  explicit SafetensorsFile(const std::string& path);
  // Reads bytes in memory; `origin` stands for the file's name in messages.
  static SafetensorsFile FromBytes(std::string bytes, const std::string& origin);

  const std::string& origin() const { return origin_; }
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  // Throws Error(kBadInput) with the nearest name there is.
  const TensorView& Tensor(const std::string& name) const;

 private:
  SafetensorsFile() = default;
  void Parse(const uint8_t* bytes, size_t size);
  void ParseHeader(std::string_view header, const uint8_t* data, size_t data_size);
  [[noreturn]] void Fail(const std::string& what) const;

  std::string origin_;
  std::shared_ptr<const void> storage_;  // Keeps the mapping or the bytes.
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

// Bytes are a pure function of the arguments: tensors stand in the order of item size (largest first,
// so that each is aligned) and name.
std::string FormatSafetensors(const std::map<std::string, TensorView>& tensors,
                              const std::map<std::string, std::string>& metadata);
// The same into a file that appears complete or not at all. An existing file is an error unless
// `replace`. Throws Error(kStorage).
void WriteSafetensors(const std::string& path,
                      const std::map<std::string, TensorView>& tensors,
                      const std::map<std::string, std::string>& metadata,
                      bool replace = false);

}  // namespace foothold

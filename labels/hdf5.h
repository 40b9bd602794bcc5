// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace foothold::labels {

// RAII over the HDF5 1.10 C API, private to labels/ and tests. libhdf5's own error printing is off:
// every failure is a foothold::Error that names the file and the object. As thread-safe as libhdf5 is
// (Debian's is).

// IEEE half precision, HDF5's and NumPy's float16. Rounds to nearest even; beyond 65504 becomes
// infinity.
struct Half {
  uint16_t bits = 0;
};
Half HalfFromFloat(float value);
float FloatFromHalf(Half value);

enum class Hdf5Class { kInteger, kFloat, kString, kOther };

using Hdf5Shape = std::vector<size_t>;            // Empty: scalar.
std::string FormatShape(const Hdf5Shape& shape);  // "[3, 4]"

// A file open for reading. Never allocates more than the file could hold: sizes that a dataset
// declares are checked against its storage before memory is taken. Links into other files, external
// and virtual storage, and filters other than gzip, shuffle and fletcher32 are refused.
class Hdf5Reader {
 public:
  // Throws Error(kBadInput).
  explicit Hdf5Reader(const std::string& path);
  // Reads a file's image in memory; `origin` stands for its name in messages.
  static Hdf5Reader FromBytes(const std::string& bytes, const std::string& origin);
  ~Hdf5Reader();
  Hdf5Reader(Hdf5Reader&&) noexcept;
  Hdf5Reader& operator=(Hdf5Reader&&) noexcept;

  const std::string& origin() const;
  // Object names are paths from the root: "camera/world_from_cam".
  bool Has(const std::string& name) const;
  bool IsGroup(const std::string& name) const;  // False also when missing.
  std::vector<std::string> Names(const std::string& group) const;  // Ascending.

  Hdf5Class ClassOf(const std::string& dataset) const;
  Hdf5Shape Shape(const std::string& dataset) const;
  // All values in row-major order. T: double, float, Half, int64_t, int32_t, uint64_t, uint16_t,
  // uint8_t. Integers are also read as floating point; the converse throws, as does an integer that
  // does not fit T. Half reads only float16.
  template <class T>
  std::vector<T> Read(const std::string& dataset) const;
  // As above, and throws unless the shape is `expected`.
  template <class T>
  std::vector<T> Read(const std::string& dataset, const Hdf5Shape& expected) const;
  // A dataset with exactly one value.
  template <class T>
  T ReadScalar(const std::string& dataset) const;
  // Strings of fixed or variable length.
  std::string ReadString(const std::string& dataset) const;
  std::vector<std::string> ReadStrings(const std::string& dataset) const;

  // Attributes of a group ("/" is the root) or dataset.
  bool HasAttribute(const std::string& object, const std::string& attribute) const;
  std::string ReadStringAttribute(const std::string& object, const std::string& attribute) const;
  std::vector<double> ReadNumberAttribute(const std::string& object, const std::string& attribute) const;

 private:
  struct Impl;
  explicit Hdf5Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A file built in memory, whose bytes are a pure function of the calls made: no time stamps, oldest
// format, groups created as names need them. Arrays of 16 KiB and more are chunked, with gzip 1,
// shuffle and fletcher32; smaller ones are contiguous.
class Hdf5Writer {
 public:
  // The first `user_block_bytes` (0, or a power of two from 512) are zero in the image.
  explicit Hdf5Writer(size_t user_block_bytes = 0);
  ~Hdf5Writer();
  Hdf5Writer(const Hdf5Writer&) = delete;
  Hdf5Writer& operator=(const Hdf5Writer&) = delete;

  // T as for Hdf5Reader::Read. `values` has as many entries as `shape` says.
  template <class T>
  void Write(const std::string& dataset, const std::vector<T>& values, const Hdf5Shape& shape);
  template <class T>
  void WriteScalar(const std::string& dataset, T value) {
    Write(dataset, std::vector<T>{value}, {});
  }
  // UTF-8 of fixed length, zero-padded; an embedded zero byte throws Error(kContract).
  void WriteString(const std::string& dataset, const std::string& text);
  void WriteStrings(const std::string& dataset, const std::vector<std::string>& texts);
  void CreateGroup(const std::string& group);
  // On a dataset or group written before.
  void WriteAttribute(const std::string& object, const std::string& attribute, const std::string& text);
  void WriteAttribute(const std::string& object, const std::string& attribute, int64_t number);

  // Closes the file and returns its bytes, user block included.
  std::string Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foothold::labels

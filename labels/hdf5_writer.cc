// SPDX-License-Identifier: Apache-2.0
#include <hdf5.h>

#include <algorithm>
#include <bit>

#include "foothold/base/error.h"
#include "labels/hdf5.h"
#include "labels/hdf5_handle.h"

namespace foothold::labels {

namespace {

constexpr size_t kChunkedFromBytes = 16 << 10;
constexpr size_t kChunkBytes = 1 << 20;  // libhdf5's default chunk cache holds one.

// File types are little-endian whatever the machine.
template <class T>
hid_t FileType();
template <>
hid_t FileType<double>() {
  return H5T_IEEE_F64LE;
}
template <>
hid_t FileType<float>() {
  return H5T_IEEE_F32LE;
}
template <>
hid_t FileType<int64_t>() {
  return H5T_STD_I64LE;
}
template <>
hid_t FileType<int32_t>() {
  return H5T_STD_I32LE;
}
template <>
hid_t FileType<uint64_t>() {
  return H5T_STD_U64LE;
}
template <>
hid_t FileType<uint16_t>() {
  return H5T_STD_U16LE;
}
template <>
hid_t FileType<uint8_t>() {
  return H5T_STD_U8LE;
}

static_assert(std::endian::native == std::endian::little, "values are handed to libhdf5 in file order");

// Whole trailing dimensions, as many leading entries as fit kChunkBytes.
std::vector<hsize_t> ChunkShape(const Hdf5Shape& shape, size_t value_bytes) {
  std::vector<hsize_t> chunk(shape.size(), 1);
  size_t bytes = value_bytes;
  for (size_t i = shape.size(); i-- > 0;) {
    chunk[i] = std::clamp<hsize_t>(kChunkBytes / bytes, 1, shape[i]);
    if (chunk[i] < shape[i]) break;
    bytes *= shape[i];
  }
  return chunk;
}

}  // namespace

void PrepareHdf5() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLset_loading_state(0);
}

Hdf5Id HalfType() {
  Hdf5Id type(H5Tcopy(H5T_IEEE_F32LE), H5Tclose);
  H5Tset_fields(type.get(), 15, 10, 5, 0, 10);
  H5Tset_size(type.get(), 2);
  H5Tset_ebias(type.get(), 15);
  return type;
}

Half HalfFromFloat(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return {static_cast<uint16_t>(sign | 0x7e00)};   // NaN.
  if (magnitude >= 0x477ff000) return {static_cast<uint16_t>(sign | 0x7c00)};  // Rounds past 65504.
  uint32_t mantissa, shift;
  if (magnitude < 0x38800000) {  // Below 2^-14: subnormal, multiples of 2^-24.
    const uint32_t exponent = magnitude >> 23;
    if (exponent < 102) return {sign};
    mantissa = (magnitude & 0x7fffff) | 0x800000;
    shift = 126 - exponent;
  } else {
    mantissa = magnitude - ((127 - 15) << 23);
    shift = 13;
  }
  uint32_t half = mantissa >> shift;
  const uint32_t rest = mantissa & ((1u << shift) - 1), tie = 1u << (shift - 1);
  if (rest > tie || (rest == tie && (half & 1) != 0)) ++half;
  return {static_cast<uint16_t>(sign | half)};
}

float FloatFromHalf(Half value) {
  const uint32_t sign = static_cast<uint32_t>(value.bits & 0x8000) << 16;
  const uint32_t exponent = (value.bits >> 10) & 0x1f, mantissa = value.bits & 0x3ff;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const uint32_t shifted = exponent == 31 ? 0x7f800000 : (exponent + 127 - 15) << 23;
  return std::bit_cast<float>(sign | shifted | (mantissa << 13));
}

struct Hdf5Writer::Impl {
  size_t user_block_bytes = 0;
  Hdf5Id file;
  Hdf5Id create_groups;

  void Check(bool ok, const std::string& object) const {
    if (!ok) throw Error(ErrorKind::kContract, "HDF5 image: " + object + ": cannot be written");
  }

  void WriteRaw(const std::string& name, hid_t type, const void* data, const Hdf5Shape& shape) {
    const std::vector<hsize_t> dims(shape.begin(), shape.end());
    const Hdf5Id space(dims.empty() ? H5Screate(H5S_SCALAR)
                                    : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr),
                       H5Sclose);
    const Hdf5Id plist(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_obj_track_times(plist.get(), false);
    size_t bytes = H5Tget_size(type);
    for (size_t extent : shape) bytes *= extent;
    if (bytes >= kChunkedFromBytes && !shape.empty()) {
      const std::vector<hsize_t> chunk = ChunkShape(shape, H5Tget_size(type));
      H5Pset_chunk(plist.get(), static_cast<int>(chunk.size()), chunk.data());
      H5Pset_shuffle(plist.get());
      H5Pset_deflate(plist.get(), 1);
      H5Pset_fletcher32(plist.get());
    }
    const Hdf5Id dataset(
        H5Dcreate2(
            file.get(), name.c_str(), type, space.get(), create_groups.get(), plist.get(), H5P_DEFAULT),
        H5Dclose);
    Check(dataset.valid(), name);
    if (bytes > 0) {
      Check(H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0, name);
    }
  }

  void WriteRawAttribute(const std::string& object,
                         const std::string& attribute,
                         hid_t type,
                         const void* data) {
    const Hdf5Id space(H5Screate(H5S_SCALAR), H5Sclose);
    const Hdf5Id id(H5Acreate_by_name(file.get(),
                                      object.c_str(),
                                      attribute.c_str(),
                                      type,
                                      space.get(),
                                      H5P_DEFAULT,
                                      H5P_DEFAULT,
                                      H5P_DEFAULT),
                    H5Aclose);
    Check(id.valid() && H5Awrite(id.get(), type, data) >= 0, object + "@" + attribute);
  }
};

Hdf5Writer::Hdf5Writer(size_t user_block_bytes) : impl_(std::make_unique<Impl>()) {
  PrepareHdf5();
  impl_->user_block_bytes = user_block_bytes;
  const Hdf5Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
  H5Pset_fapl_core(access.get(), 1 << 20, false);
  const Hdf5Id create(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  H5Pset_userblock(create.get(), user_block_bytes);
  H5Pset_obj_track_times(create.get(), false);
  impl_->file = Hdf5Id(H5Fcreate("image", H5F_ACC_TRUNC, create.get(), access.get()), H5Fclose);
  impl_->Check(impl_->file.valid(), "file");
  impl_->create_groups = Hdf5Id(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(impl_->create_groups.get(), 1);
}

Hdf5Writer::~Hdf5Writer() = default;

template <class T>
void Hdf5Writer::Write(const std::string& dataset, const std::vector<T>& values, const Hdf5Shape& shape) {
  PrepareHdf5();
  size_t count = 1;
  for (size_t extent : shape) count *= extent;
  FOOTHOLD_CHECK(count == values.size(),
                 dataset + ": " + std::to_string(values.size()) + " values for shape " + FormatShape(shape));
  if constexpr (std::is_same_v<T, Half>) {
    impl_->WriteRaw(dataset, HalfType().get(), values.data(), shape);
  } else {
    impl_->WriteRaw(dataset, FileType<T>(), values.data(), shape);
  }
}
template void Hdf5Writer::Write(const std::string&, const std::vector<double>&, const Hdf5Shape&);
template void Hdf5Writer::Write(const std::string&, const std::vector<float>&, const Hdf5Shape&);
template void Hdf5Writer::Write(const std::string&, const std::vector<Half>&, const Hdf5Shape&);
template void Hdf5Writer::Write(const std::string&, const std::vector<int64_t>&, const Hdf5Shape&);
template void Hdf5Writer::Write(const std::string&, const std::vector<int32_t>&, const Hdf5Shape&);
template void Hdf5Writer::Write(const std::string&, const std::vector<uint64_t>&, const Hdf5Shape&);
template void Hdf5Writer::Write(const std::string&, const std::vector<uint16_t>&, const Hdf5Shape&);
template void Hdf5Writer::Write(const std::string&, const std::vector<uint8_t>&, const Hdf5Shape&);

namespace {

Hdf5Id TextType(size_t bytes) {
  Hdf5Id type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.get(), std::max<size_t>(bytes, 1));
  H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

// One zero-padded row per text.
std::string PadTexts(const std::vector<std::string>& texts, const std::string& object, size_t* width) {
  *width = 1;
  for (const std::string& text : texts) {
    FOOTHOLD_CHECK(text.find('\0') == std::string::npos, object + ": text with a zero byte");
    *width = std::max(*width, text.size());
  }
  std::string rows;
  for (const std::string& text : texts) {
    rows += text;
    rows.append(*width - text.size(), '\0');
  }
  return rows;
}

}  // namespace

void Hdf5Writer::WriteString(const std::string& dataset, const std::string& text) {
  PrepareHdf5();
  size_t width = 0;
  const std::string row = PadTexts({text}, dataset, &width);
  impl_->WriteRaw(dataset, TextType(width).get(), row.data(), {});
}

void Hdf5Writer::WriteStrings(const std::string& dataset, const std::vector<std::string>& texts) {
  PrepareHdf5();
  size_t width = 0;
  const std::string rows = PadTexts(texts, dataset, &width);
  impl_->WriteRaw(dataset, TextType(width).get(), rows.data(), {texts.size()});
}

void Hdf5Writer::CreateGroup(const std::string& group) {
  PrepareHdf5();
  const Hdf5Id id(
      H5Gcreate2(impl_->file.get(), group.c_str(), impl_->create_groups.get(), H5P_DEFAULT, H5P_DEFAULT),
      H5Gclose);
  impl_->Check(id.valid(), group);
}

void Hdf5Writer::WriteAttribute(const std::string& object,
                                const std::string& attribute,
                                const std::string& text) {
  PrepareHdf5();
  size_t width = 0;
  const std::string row = PadTexts({text}, object, &width);
  impl_->WriteRawAttribute(object, attribute, TextType(width).get(), row.data());
}

void Hdf5Writer::WriteAttribute(const std::string& object, const std::string& attribute, int64_t number) {
  PrepareHdf5();
  impl_->WriteRawAttribute(object, attribute, FileType<int64_t>(), &number);
}

std::string Hdf5Writer::Finish() {
  PrepareHdf5();
  impl_->Check(H5Fflush(impl_->file.get(), H5F_SCOPE_GLOBAL) >= 0, "file");
  const ssize_t size = H5Fget_file_image(impl_->file.get(), nullptr, 0);
  impl_->Check(size > 0, "file");
  std::string bytes(impl_->user_block_bytes + size, '\0');
  impl_->Check(H5Fget_file_image(impl_->file.get(), bytes.data() + impl_->user_block_bytes, size) == size,
               "file");
  impl_->file = Hdf5Id();
  return bytes;
}

}  // namespace foothold::labels

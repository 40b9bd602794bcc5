// SPDX-License-Identifier: Apache-2.0
#include "labels/hdf5.h"

#include <hdf5.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <type_traits>
#include <utility>

#include "foothold/base/error.h"
#include "labels/hdf5_handle.h"

namespace foothold::labels {

namespace {

// Deflate cannot expand data more than this.
constexpr uint64_t kMaxCompression = 1032;
constexpr int kMaxRank = 8;

bool Multiply(uint64_t a, uint64_t b, uint64_t* product) { return !__builtin_mul_overflow(a, b, product); }

template <class T>
hid_t NativeType();
template <>
hid_t NativeType<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
hid_t NativeType<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t NativeType<int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
hid_t NativeType<int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
hid_t NativeType<uint64_t>() {
  return H5T_NATIVE_UINT64;
}
template <>
hid_t NativeType<uint16_t>() {
  return H5T_NATIVE_UINT16;
}
template <>
hid_t NativeType<uint8_t>() {
  return H5T_NATIVE_UINT8;
}

Hdf5Class ClassOfType(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_ENUM:  // h5py's bool.
      return Hdf5Class::kInteger;
    case H5T_FLOAT:
      return Hdf5Class::kFloat;
    case H5T_STRING:
      return Hdf5Class::kString;
    default:
      return Hdf5Class::kOther;
  }
}

const char* NameOf(Hdf5Class type_class) {
  switch (type_class) {
    case Hdf5Class::kInteger:
      return "integers";
    case Hdf5Class::kFloat:
      return "floating-point numbers";
    case Hdf5Class::kString:
      return "text";
    case Hdf5Class::kOther:
      break;
  }
  return "an unsupported type";
}

herr_t RefuseExternalLink(const char*, const char*, const char*, const char*, unsigned*, hid_t, void*) {
  return -1;
}

// Unpacks strings of either kind from an opened dataset or attribute.
class StringBuffer {
 public:
  StringBuffer(hid_t file_type, size_t count) : variable_(H5Tis_variable_str(file_type) > 0), count_(count) {
    type_ = Hdf5Id(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_cset(type_.get(), H5Tget_cset(file_type));
    if (variable_) {
      H5Tset_size(type_.get(), H5T_VARIABLE);
      pointers_.resize(count);
    } else {
      size_ = H5Tget_size(file_type);
      H5Tset_size(type_.get(), size_);
      H5Tset_strpad(type_.get(), H5Tget_strpad(file_type));
      bytes_.resize(size_ * count);
    }
  }
  ~StringBuffer() {
    for (char* pointer : pointers_) {
      if (pointer != nullptr) H5free_memory(pointer);
    }
  }
  StringBuffer(const StringBuffer&) = delete;
  StringBuffer& operator=(const StringBuffer&) = delete;

  hid_t type() const { return type_.get(); }
  void* data() { return variable_ ? static_cast<void*>(pointers_.data()) : bytes_.data(); }
  std::vector<std::string> Take() const {
    std::vector<std::string> texts(count_);
    for (size_t i = 0; i < count_; ++i) {
      if (variable_) {
        if (pointers_[i] != nullptr) texts[i] = pointers_[i];
      } else {
        const char* begin = bytes_.data() + i * size_;
        texts[i].assign(begin, std::find(begin, begin + size_, '\0'));
        if (H5Tget_strpad(type_.get()) == H5T_STR_SPACEPAD) {
          texts[i].erase(texts[i].find_last_not_of(' ') + 1);
        }
      }
    }
    return texts;
  }

 private:
  bool variable_;
  size_t count_;
  size_t size_ = 0;
  Hdf5Id type_;
  std::vector<char*> pointers_;
  std::vector<char> bytes_;
};

}  // namespace

std::string FormatShape(const Hdf5Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

struct Hdf5Reader::Impl {
  std::string origin;
  uint64_t file_bytes = 0;
  Hdf5Id file;
  Hdf5Id link_access;

  [[noreturn]] void Fail(const std::string& object, const std::string& what) const {
    throw Error(ErrorKind::kBadInput, origin + ": " + (object.empty() ? "" : object + ": ") + what);
  }

  struct Dataset {
    Hdf5Id id, type;
    Hdf5Class type_class = Hdf5Class::kOther;
    Hdf5Shape shape;
    size_t count = 0;
  };

  // Opens a dataset whose declared size has been checked against its storage.
  Dataset Open(const std::string& name) const {
    Dataset dataset;
    if (!Exists(name)) Fail(name, "dataset missing");
    dataset.id = Hdf5Id(H5Oopen(file.get(), name.c_str(), link_access.get()), H5Oclose);
    if (!dataset.id.valid()) Fail(name, "cannot be opened");
    if (H5Iget_type(dataset.id.get()) != H5I_DATASET) Fail(name, "is a group, expected a dataset");
    dataset.type = Hdf5Id(H5Dget_type(dataset.id.get()), H5Tclose);
    if (!dataset.type.valid()) Fail(name, "type cannot be read");
    dataset.type_class = ClassOfType(dataset.type.get());
    dataset.shape = ShapeOf(Hdf5Id(H5Dget_space(dataset.id.get()), H5Sclose), name);
    dataset.count = CheckStorage(dataset, name);
    return dataset;
  }

  // H5Lexists for each prefix, because it fails when a group on the way is missing.
  bool Exists(const std::string& name) const {
    if (name == "/") return true;
    for (size_t end = 0; end != std::string::npos;) {
      end = name.find('/', end + 1);
      if (H5Lexists(file.get(), name.substr(0, end).c_str(), link_access.get()) <= 0) return false;
      if (H5Oexists_by_name(file.get(), name.substr(0, end).c_str(), link_access.get()) <= 0) return false;
    }
    return true;
  }

  Hdf5Shape ShapeOf(const Hdf5Id& space, const std::string& name) const {
    if (!space.valid()) Fail(name, "shape cannot be read");
    if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) return {0};
    const int rank = H5Sget_simple_extent_ndims(space.get());
    if (rank < 0 || rank > kMaxRank) Fail(name, "has an unsupported number of dimensions");
    std::vector<hsize_t> dims(rank);
    if (rank > 0) H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr);
    return Hdf5Shape(dims.begin(), dims.end());
  }

  uint64_t CountOf(const Hdf5Shape& shape, const std::string& name) const {
    uint64_t count = 1;
    for (size_t extent : shape) {
      if (!Multiply(count, extent, &count)) Fail(name, "declares an impossible shape " + FormatShape(shape));
    }
    return count;
  }

  size_t CheckStorage(const Dataset& dataset, const std::string& name) const {
    const uint64_t count = CountOf(dataset.shape, name);
    uint64_t bytes = 0;
    if (!Multiply(count, H5Tget_size(dataset.type.get()), &bytes)) {
      Fail(name, "declares an impossible shape " + FormatShape(dataset.shape));
    }
    if (bytes == 0) return 0;
    const Hdf5Id plist(H5Dget_create_plist(dataset.id.get()), H5Pclose);
    if (!plist.valid()) Fail(name, "storage description cannot be read");
    const H5D_layout_t layout = H5Pget_layout(plist.get());
    if (layout == H5D_VIRTUAL || H5Pget_external_count(plist.get()) != 0) {
      Fail(name, "keeps its values in another file; store them in this file");
    }
    const uint64_t stored = H5Dget_storage_size(dataset.id.get());
    const uint64_t ratio = layout == H5D_CHUNKED ? CheckChunks(dataset, plist.get(), name) : 1;
    if (stored == 0) Fail(name, "has shape " + FormatShape(dataset.shape) + " but was never written");
    if (stored > file_bytes || bytes / ratio > stored) {
      Fail(name,
           "declares " + std::to_string(bytes) + " bytes, more than its storage of " +
               std::to_string(stored) + " bytes can hold");
    }
    return count;
  }

  // Refuses unknown filters and missing chunks; returns the largest possible compression.
  uint64_t CheckChunks(const Dataset& dataset, hid_t plist, const std::string& name) const {
    uint64_t ratio = 1;
    for (int i = 0; i < H5Pget_nfilters(plist); ++i) {
      unsigned flags = 0;
      size_t num_values = 0;
      switch (H5Pget_filter2(plist, i, &flags, &num_values, nullptr, 0, nullptr, nullptr)) {
        case H5Z_FILTER_DEFLATE:
          ratio *= kMaxCompression;
          break;
        case H5Z_FILTER_SHUFFLE:
        case H5Z_FILTER_FLETCHER32:
          break;
        default:
          Fail(name, "uses a compression filter other than gzip; store it with gzip or uncompressed");
      }
    }
    std::vector<hsize_t> chunk(dataset.shape.size());
    if (H5Pget_chunk(plist, static_cast<int>(chunk.size()), chunk.data()) != static_cast<int>(chunk.size())) {
      Fail(name, "chunk shape cannot be read");
    }
    uint64_t expected = 1;
    for (size_t i = 0; i < chunk.size(); ++i) {
      if (chunk[i] == 0) Fail(name, "chunk shape cannot be read");
      const uint64_t along = (dataset.shape[i] - 1) / chunk[i] + 1;
      if (!Multiply(expected, along, &expected)) Fail(name, "declares an impossible number of chunks");
    }
    const Hdf5Id space(H5Dget_space(dataset.id.get()), H5Sclose);
    hsize_t num_chunks = 0;
    if (H5Dget_num_chunks(dataset.id.get(), space.get(), &num_chunks) < 0 || num_chunks < expected) {
      Fail(name,
           "has " + std::to_string(num_chunks) + " of " + std::to_string(expected) +
               " chunks; the file was not written completely");
    }
    return ratio;
  }
};

Hdf5Reader::Hdf5Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Hdf5Reader::~Hdf5Reader() = default;
Hdf5Reader::Hdf5Reader(Hdf5Reader&&) noexcept = default;
Hdf5Reader& Hdf5Reader::operator=(Hdf5Reader&&) noexcept = default;

namespace {

Hdf5Id ReadingAccess() {
  PrepareHdf5();
  Hdf5Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  // Closing the file closes what is open in it. Locks would fail on read-only Lustre and NFS mounts,
  // and committed files never change.
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
#if H5_VERSION_GE(1, 10, 7)
  H5Pset_file_locking(access.get(), false, true);
#endif
  return access;
}

Hdf5Id LinkAccess() {
  Hdf5Id access(H5Pcreate(H5P_LINK_ACCESS), H5Pclose);
  H5Pset_elink_cb(access.get(), RefuseExternalLink, nullptr);
  return access;
}

}  // namespace

Hdf5Reader::Hdf5Reader(const std::string& path) : impl_(std::make_unique<Impl>()) {
  const Hdf5Id access = ReadingAccess();
  impl_->origin = path;
  std::FILE* probe = std::fopen(path.c_str(), "rb");
  if (probe == nullptr) {
    throw Error(ErrorKind::kBadInput,
                path + ": cannot be opened; check that the file exists and is readable");
  }
  std::fclose(probe);
  impl_->file = Hdf5Id(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (!impl_->file.valid()) throw Error(ErrorKind::kBadInput, path + ": is not a readable HDF5 file");
  hsize_t size = 0;
  H5Fget_filesize(impl_->file.get(), &size);
  impl_->file_bytes = size;
  impl_->link_access = LinkAccess();
}

Hdf5Reader Hdf5Reader::FromBytes(const std::string& bytes, const std::string& origin) {
  const Hdf5Id access = ReadingAccess();
  auto impl = std::make_unique<Impl>();
  impl->origin = origin;
  impl->file_bytes = bytes.size();
  H5Pset_fapl_core(access.get(), 1 << 20, false);
  H5Pset_file_image(access.get(), const_cast<char*>(bytes.data()), bytes.size());
  impl->file = Hdf5Id(H5Fopen(origin.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (bytes.empty() || !impl->file.valid()) {
    throw Error(ErrorKind::kBadInput, origin + ": is not a readable HDF5 file");
  }
  impl->link_access = LinkAccess();
  return Hdf5Reader(std::move(impl));
}

const std::string& Hdf5Reader::origin() const { return impl_->origin; }

bool Hdf5Reader::Has(const std::string& name) const {
  PrepareHdf5();
  return impl_->Exists(name);
}

bool Hdf5Reader::IsGroup(const std::string& name) const {
  PrepareHdf5();
  if (!impl_->Exists(name)) return false;
  const Hdf5Id id(H5Oopen(impl_->file.get(), name.c_str(), impl_->link_access.get()), H5Oclose);
  return H5Iget_type(id.get()) == H5I_GROUP;
}

std::vector<std::string> Hdf5Reader::Names(const std::string& group) const {
  PrepareHdf5();
  if (!impl_->Exists(group)) impl_->Fail(group, "group missing");
  const Hdf5Id id(H5Gopen2(impl_->file.get(), group.c_str(), H5P_DEFAULT), H5Gclose);
  if (!id.valid()) impl_->Fail(group, "is not a group");
  H5G_info_t info;
  if (H5Gget_info(id.get(), &info) < 0) impl_->Fail(group, "cannot be listed");
  std::vector<std::string> names;
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    const auto get_name = [&](char* buffer, size_t size) {
      return H5Lget_name_by_idx(id.get(), ".", H5_INDEX_NAME, H5_ITER_INC, i, buffer, size, H5P_DEFAULT);
    };
    const ssize_t length = get_name(nullptr, 0);
    if (length < 0) impl_->Fail(group, "cannot be listed");
    std::string name(static_cast<size_t>(length) + 1, '\0');
    if (get_name(name.data(), name.size()) < 0) impl_->Fail(group, "cannot be listed");
    name.pop_back();
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Hdf5Class Hdf5Reader::ClassOf(const std::string& dataset) const {
  PrepareHdf5();
  return impl_->Open(dataset).type_class;
}

Hdf5Shape Hdf5Reader::Shape(const std::string& dataset) const {
  PrepareHdf5();
  return impl_->Open(dataset).shape;
}

template <class T>
std::vector<T> Hdf5Reader::Read(const std::string& name) const {
  PrepareHdf5();
  const Impl::Dataset dataset = impl_->Open(name);
  const auto read = [&](hid_t memory_type, void* data) {
    if (dataset.count == 0) return;
    if (H5Dread(dataset.id.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0) {
      impl_->Fail(name, "values cannot be read; the file is damaged");
    }
  };
  const auto fail_class = [&](const char* expected) {
    impl_->Fail(name, std::string("holds ") + NameOf(dataset.type_class) + ", expected " + expected);
  };
  std::vector<T> values(dataset.count);
  if constexpr (std::is_same_v<T, Half>) {
    const Hdf5Id half = HalfType();
    if (H5Tequal(dataset.type.get(), half.get()) <= 0) fail_class("float16");
    read(half.get(), values.data());
  } else if constexpr (std::is_floating_point_v<T>) {
    if (dataset.type_class != Hdf5Class::kFloat && dataset.type_class != Hdf5Class::kInteger) {
      fail_class("numbers");
    }
    read(NativeType<T>(), values.data());
  } else {
    if (dataset.type_class != Hdf5Class::kInteger) fail_class("integers");
    const Hdf5Id native(H5Tget_native_type(dataset.type.get(), H5T_DIR_ASCEND), H5Tclose);
    if (H5Tequal(native.get(), NativeType<T>()) > 0) {
      read(NativeType<T>(), values.data());
      return values;
    }
    // libhdf5 clamps silently, so take the widest type and look.
    const auto narrow = [&](const auto& wide) {
      for (size_t i = 0; i < wide.size(); ++i) {
        if (!std::in_range<T>(wide[i])) {
          impl_->Fail(name, "holds " + std::to_string(wide[i]) + ", which is out of range");
        }
        values[i] = static_cast<T>(wide[i]);
      }
    };
    if (H5Tget_class(dataset.type.get()) == H5T_INTEGER && H5Tget_sign(dataset.type.get()) == H5T_SGN_NONE) {
      std::vector<uint64_t> wide(dataset.count);
      read(H5T_NATIVE_UINT64, wide.data());
      narrow(wide);
    } else {
      std::vector<int64_t> wide(dataset.count);
      read(H5T_NATIVE_INT64, wide.data());
      narrow(wide);
    }
  }
  return values;
}

template <class T>
std::vector<T> Hdf5Reader::Read(const std::string& dataset, const Hdf5Shape& expected) const {
  const Hdf5Shape shape = Shape(dataset);
  if (shape != expected) {
    impl_->Fail(dataset, "has shape " + FormatShape(shape) + ", expected " + FormatShape(expected));
  }
  return Read<T>(dataset);
}

template <class T>
T Hdf5Reader::ReadScalar(const std::string& dataset) const {
  const std::vector<T> values = Read<T>(dataset);
  if (values.size() != 1) {
    impl_->Fail(dataset, "has " + std::to_string(values.size()) + " values, expected one");
  }
  return values[0];
}

std::vector<std::string> Hdf5Reader::ReadStrings(const std::string& name) const {
  PrepareHdf5();
  const Impl::Dataset dataset = impl_->Open(name);
  if (dataset.type_class != Hdf5Class::kString) {
    impl_->Fail(name, std::string("holds ") + NameOf(dataset.type_class) + ", expected text");
  }
  if (dataset.count == 0) return {};
  StringBuffer buffer(dataset.type.get(), dataset.count);
  if (H5Dread(dataset.id.get(), buffer.type(), H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer.data()) < 0) {
    impl_->Fail(name, "text cannot be read; the file is damaged");
  }
  return buffer.Take();
}

std::string Hdf5Reader::ReadString(const std::string& dataset) const {
  const std::vector<std::string> texts = ReadStrings(dataset);
  if (texts.size() != 1) {
    impl_->Fail(dataset, "has " + std::to_string(texts.size()) + " texts, expected one");
  }
  return texts[0];
}

bool Hdf5Reader::HasAttribute(const std::string& object, const std::string& attribute) const {
  PrepareHdf5();
  return impl_->Exists(object) &&
         H5Aexists_by_name(impl_->file.get(), object.c_str(), attribute.c_str(), impl_->link_access.get()) >
             0;
}

namespace {

// Attributes live in object headers of at most 64 KiB (dense ones are refused with the size check).
constexpr uint64_t kMaxAttributeBytes = 1 << 20;

}  // namespace

std::string Hdf5Reader::ReadStringAttribute(const std::string& object, const std::string& attribute) const {
  const std::string name = object + "@" + attribute;
  if (!HasAttribute(object, attribute)) impl_->Fail(name, "attribute missing");
  const Hdf5Id id(
      H5Aopen_by_name(
          impl_->file.get(), object.c_str(), attribute.c_str(), H5P_DEFAULT, impl_->link_access.get()),
      H5Aclose);
  const Hdf5Id type(H5Aget_type(id.get()), H5Tclose);
  const Hdf5Shape shape = impl_->ShapeOf(Hdf5Id(H5Aget_space(id.get()), H5Sclose), name);
  if (ClassOfType(type.get()) != Hdf5Class::kString || impl_->CountOf(shape, name) != 1 ||
      H5Tget_size(type.get()) > kMaxAttributeBytes) {
    impl_->Fail(name, "expected one text");
  }
  StringBuffer buffer(type.get(), 1);
  if (H5Aread(id.get(), buffer.type(), buffer.data()) < 0) impl_->Fail(name, "cannot be read");
  return buffer.Take()[0];
}

std::vector<double> Hdf5Reader::ReadNumberAttribute(const std::string& object,
                                                    const std::string& attribute) const {
  const std::string name = object + "@" + attribute;
  if (!HasAttribute(object, attribute)) impl_->Fail(name, "attribute missing");
  const Hdf5Id id(
      H5Aopen_by_name(
          impl_->file.get(), object.c_str(), attribute.c_str(), H5P_DEFAULT, impl_->link_access.get()),
      H5Aclose);
  const Hdf5Id type(H5Aget_type(id.get()), H5Tclose);
  const Hdf5Class type_class = ClassOfType(type.get());
  const Hdf5Shape shape = impl_->ShapeOf(Hdf5Id(H5Aget_space(id.get()), H5Sclose), name);
  const uint64_t count = impl_->CountOf(shape, name);
  if (type_class != Hdf5Class::kInteger && type_class != Hdf5Class::kFloat) {
    impl_->Fail(name, std::string("holds ") + NameOf(type_class) + ", expected numbers");
  }
  if (count > kMaxAttributeBytes) impl_->Fail(name, "declares an impossible shape " + FormatShape(shape));
  std::vector<double> values(count);
  if (count > 0 && H5Aread(id.get(), H5T_NATIVE_DOUBLE, values.data()) < 0) {
    impl_->Fail(name, "cannot be read");
  }
  return values;
}

#define FOOTHOLD_INSTANTIATE_READ(T)                                                       \
  template std::vector<T> Hdf5Reader::Read<T>(const std::string&) const;                   \
  template std::vector<T> Hdf5Reader::Read<T>(const std::string&, const Hdf5Shape&) const; \
  template T Hdf5Reader::ReadScalar<T>(const std::string&) const;
FOOTHOLD_INSTANTIATE_READ(double)
FOOTHOLD_INSTANTIATE_READ(float)
FOOTHOLD_INSTANTIATE_READ(Half)
FOOTHOLD_INSTANTIATE_READ(int64_t)
FOOTHOLD_INSTANTIATE_READ(int32_t)
FOOTHOLD_INSTANTIATE_READ(uint64_t)
FOOTHOLD_INSTANTIATE_READ(uint16_t)
FOOTHOLD_INSTANTIATE_READ(uint8_t)
#undef FOOTHOLD_INSTANTIATE_READ

}  // namespace foothold::labels

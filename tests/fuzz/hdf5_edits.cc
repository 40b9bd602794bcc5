// SPDX-License-Identifier: Apache-2.0
#include "fuzz/hdf5_edits.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "foothold/base/error.h"
#include "labels/hdf5.h"

namespace foothold::fuzz {

namespace {

using labels::Half;
using labels::Hdf5Class;
using labels::Hdf5Reader;
using labels::Hdf5Shape;
using labels::Hdf5Writer;

class Script {
 public:
  explicit Script(const std::string& bytes) : bytes_(bytes) {}
  uint8_t Next() { return position_ < bytes_.size() ? static_cast<uint8_t>(bytes_[position_++]) : 0; }

 private:
  const std::string& bytes_;
  size_t position_ = 0;
};

enum class Action { kKeep, kDrop, kShrink, kFlatten, kRetype, kOverwrite, kAddNeighbour };

Action NextAction(Script* script) {
  const int choice = script->Next() % 32;
  return choice >= 1 && choice <= 6 ? static_cast<Action>(choice) : Action::kKeep;
}

double NastyNumber(uint8_t choice) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  constexpr double kNumbers[] = {
      0, -1, 1, 2, 255, 256, 1e-300, 1e300, -0x1p31, 0x1p31, kInf, std::numeric_limits<double>::quiet_NaN()};
  return kNumbers[choice % std::size(kNumbers)];
}

int64_t NastyInteger(uint8_t choice) {
  constexpr int64_t kNumbers[] = {0,
                                  -1,
                                  1,
                                  2,
                                  6,
                                  255,
                                  1 << 16,
                                  std::numeric_limits<int32_t>::min(),
                                  std::numeric_limits<int32_t>::max(),
                                  int64_t{1} << 40,
                                  std::numeric_limits<int64_t>::min()};
  return kNumbers[choice % std::size(kNumbers)];
}

// Shape and values of one dataset under an edit.
template <class T>
struct Array {
  std::vector<T> values;
  Hdf5Shape shape;
};

template <class T>
void Reshape(Action action, Array<T>* array) {
  if (array->shape.empty()) return;
  if (action == Action::kFlatten) array->shape = {array->values.size()};
  if (action == Action::kShrink && array->shape[0] > 0) {
    array->values.resize(array->values.size() / array->shape[0] * (array->shape[0] - 1));
    --array->shape[0];
  }
}

template <class T, class Nasty>
void CopyNumbers(const Hdf5Reader& reader,
                 const std::string& name,
                 Action action,
                 Script* script,
                 Nasty nasty,
                 Hdf5Writer* writer) {
  Array<T> array{reader.Read<T>(name), reader.Shape(name)};
  Reshape(action, &array);
  if (action == Action::kOverwrite && !array.values.empty()) {
    const size_t index = (script->Next() << 8 | script->Next()) % array.values.size();
    array.values[index] = nasty(script->Next());
  }
  writer->Write(name, array.values, array.shape);
}

bool IsHalf(const Hdf5Reader& reader, const std::string& name) {
  try {
    reader.Read<Half>(name);
    return true;
  } catch (const Error&) {
    return false;
  }
}

void CopyStrings(
    const Hdf5Reader& reader, const std::string& name, Action action, Script* script, Hdf5Writer* writer) {
  std::vector<std::string> texts = reader.ReadStrings(name);
  if (action == Action::kOverwrite && !texts.empty()) {
    texts[script->Next() % texts.size()] = std::string(script->Next() % 40, '\xff');
  }
  if (action == Action::kShrink && !texts.empty()) texts.pop_back();
  const bool scalar = reader.Shape(name).empty() && action != Action::kFlatten && texts.size() == 1;
  if (scalar) {
    writer->WriteString(name, texts[0]);
  } else {
    writer->WriteStrings(name, texts);
  }
}

void CopyDataset(const Hdf5Reader& reader, const std::string& name, Script* script, Hdf5Writer* writer) {
  const Action action = NextAction(script);
  const Hdf5Class type = reader.ClassOf(name);
  if (action == Action::kDrop) return;
  if (action == Action::kAddNeighbour) writer->WriteString(name + "_", "unknown");
  if (action == Action::kRetype) {
    if (type == Hdf5Class::kString) {
      writer->WriteScalar<int32_t>(name, NastyInteger(script->Next()) & 0xffff);
    } else if (type == Hdf5Class::kInteger) {
      CopyNumbers<double>(reader, name, Action::kKeep, script, NastyNumber, writer);
    } else {
      writer->WriteString(name, "text");
    }
  } else if (type == Hdf5Class::kString) {
    CopyStrings(reader, name, action, script, writer);
  } else if (type == Hdf5Class::kInteger) {
    CopyNumbers<int64_t>(reader, name, action, script, NastyInteger, writer);
  } else if (IsHalf(reader, name)) {
    const auto nasty = [](uint8_t choice) {
      return labels::HalfFromFloat(static_cast<float>(NastyNumber(choice)));
    };
    CopyNumbers<Half>(reader, name, action, script, nasty, writer);
  } else {
    CopyNumbers<double>(reader, name, action, script, NastyNumber, writer);
  }
}

void CopyGroup(const Hdf5Reader& reader, const std::string& group, Script* script, Hdf5Writer* writer) {
  for (const std::string& name : reader.Names(group.empty() ? "/" : group)) {
    const std::string path = group.empty() ? name : group + "/" + name;
    if (!reader.IsGroup(path)) {
      CopyDataset(reader, path, script, writer);
    } else if (NextAction(script) != Action::kDrop) {
      if (!reader.Names(path).empty()) CopyGroup(reader, path, script, writer);
    }
  }
}

}  // namespace

std::string EditHdf5(const std::string& good, const labels::FileFormat& format, const std::string& script) {
  const Hdf5Reader reader = Hdf5Reader::FromBytes(good, "good file");
  Hdf5Writer writer(labels::kSignatureBytes);
  Script bytes(script);
  if (NextAction(&bytes) != Action::kDrop) writer.WriteAttribute("/", "format", format.name);
  if (NextAction(&bytes) != Action::kDrop) writer.WriteAttribute("/", "version", format.version);
  CopyGroup(reader, "", &bytes, &writer);
  return labels::SignedBytes(&writer, format);
}

}  // namespace foothold::fuzz

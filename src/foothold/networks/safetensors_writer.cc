// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/networks/json_reader.h"
#include "foothold/networks/safetensors.h"

namespace foothold {
namespace {

using NamedView = std::pair<std::string, const TensorView*>;

std::vector<NamedView> InFileOrder(const std::map<std::string, TensorView>& tensors) {
  std::vector<NamedView> ordered;
  for (const auto& [name, view] : tensors) ordered.emplace_back(name, &view);
  std::stable_sort(ordered.begin(), ordered.end(), [](const NamedView& a, const NamedView& b) {
    return BytesOf(a.second->type) > BytesOf(b.second->type);
  });
  return ordered;
}

void CheckView(const std::string& name, const TensorView& view) {
  size_t expected_bytes = BytesOf(view.type);
  for (const int64_t side : view.shape) expected_bytes *= static_cast<size_t>(side);
  FOOTHOLD_CHECK(view.num_bytes == expected_bytes && name != "__metadata__",
                 "tensor '" + name + "' of " + std::to_string(view.num_bytes) + " bytes, shape " +
                     FormatShape(view.shape));
}

std::string LengthAndHeader(const std::vector<NamedView>& ordered,
                            const std::map<std::string, std::string>& metadata) {
  std::string json = "{\"__metadata__\":{";
  for (const auto& [key, text] : metadata) {
    json += (json.back() == '{' ? "" : ",") + QuoteJson(key) + ":" + QuoteJson(text);
  }
  json += "}";
  size_t offset = 0;
  for (const auto& [name, view] : ordered) {
    CheckView(name, *view);
    std::string shape = FormatShape(view->shape);
    shape.erase(std::remove(shape.begin(), shape.end(), ' '), shape.end());
    json += "," + QuoteJson(name) + ":{\"dtype\":\"" + NameOf(view->type) + "\",\"shape\":" + shape +
            ",\"data_offsets\":[" + std::to_string(offset) + "," + std::to_string(offset + view->num_bytes) +
            "]}";
    offset += view->num_bytes;
  }
  json += "}";
  json.resize((json.size() + 7) / 8 * 8, ' ');  // Aligns the data.
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(json.size() >> (8 * i)));
  return bytes + json;
}

// Hands out the file piece by piece, so that a checkpoint is not copied as a whole.
void ForEachPiece(const std::map<std::string, TensorView>& tensors,
                  const std::map<std::string, std::string>& metadata,
                  const std::function<void(const char* bytes, size_t size)>& piece) {
  const std::vector<NamedView> ordered = InFileOrder(tensors);
  const std::string header = LengthAndHeader(ordered, metadata);
  piece(header.data(), header.size());
  for (const auto& [name, view] : ordered) piece(reinterpret_cast<const char*>(view->bytes), view->num_bytes);
}

}  // namespace

std::string FormatSafetensors(const std::map<std::string, TensorView>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  std::string bytes;
  ForEachPiece(tensors, metadata, [&](const char* piece, size_t size) { bytes.append(piece, size); });
  return bytes;
}

void WriteSafetensors(const std::string& path,
                      const std::map<std::string, TensorView>& tensors,
                      const std::map<std::string, std::string>& metadata,
                      bool replace) {
  AtomicFile file(path);
  const int descriptor = open(file.temporary_path().c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  int write_error = descriptor < 0 ? errno : 0;
  ForEachPiece(tensors, metadata, [&](const char* bytes, size_t size) {
    while (write_error == 0 && size > 0) {
      const ssize_t count = write(descriptor, bytes, size);
      if (count < 0) {
        if (errno != EINTR) write_error = errno;
        continue;
      }
      bytes += count;
      size -= static_cast<size_t>(count);
    }
  });
  if (descriptor >= 0 && close(descriptor) != 0 && write_error == 0) write_error = errno;
  if (write_error != 0) throw StorageError(path, "cannot be written", write_error);
  if (replace) {
    file.CommitReplacing();
  } else if (!file.Commit()) {
    throw Error(ErrorKind::kStorage, path + ": exists already; choose another name or remove it first");
  }
}

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/label_files.h"

#include <filesystem>

#include "foothold/base/error.h"
#include "foothold/base/hash.h"

namespace foothold {

namespace fs = std::filesystem;

LabelFile DescribeLabel(const std::string& labels_folder, const std::string& path, int frames) {
  LabelFile label;
  label.path = fs::path(path).lexically_relative(labels_folder).generic_string();
  label.frames = frames;
  std::error_code error;
  label.bytes = static_cast<int64_t>(fs::file_size(path, error));
  if (error) throw Error(ErrorKind::kStorage, path + ": the label just written is gone: " + error.message());
  try {
    label.xxh3 = HashFile(path);
  } catch (const Error& unreadable) {
    throw Error(ErrorKind::kStorage, unreadable.what());
  }
  return label;
}

}  // namespace foothold

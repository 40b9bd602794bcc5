// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace foothold {

// Finished pieces of a long computation, so that another process goes on where one was killed. A piece is
// found again by its key and is, to the byte, what would be computed. Safe for several threads.
class Journal {
 public:
  virtual ~Journal() = default;
  // What was kept last under `key`, by this process or an earlier one.
  virtual bool Find(const std::string& key, std::string* bytes) = 0;
  virtual void Keep(const std::string& key, std::string bytes) = 0;
  // Whether it is time to keep a state that replaces an older one and is dear to make.
  virtual bool Due() = 0;
  // Forgets pieces not yet written whose keys begin so: what they led to is kept now.
  virtual void DropUnwritten(const std::string& prefix) = 0;
};

// The piece under `key`, or what `make` returns, which is then kept. `write(piece)` gives bytes;
// `read(bytes, &piece)` is false when they are not a piece. Without a journal just `make`.
template <class Make, class Write, class Read>
auto Remembered(
    Journal* journal, const std::string& key, const Make& make, const Write& write, const Read& read) {
  using Piece = decltype(make());
  if (journal == nullptr) return make();
  std::string bytes;
  Piece piece;
  if (journal->Find(key, &bytes) && read(bytes, &piece)) return piece;
  piece = make();
  journal->Keep(key, write(piece));
  return piece;
}

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "foothold/base/bytes.h"
#include "foothold/base/journal.h"
#include "foothold/perception/classical/moving_camera.h"
#include "foothold/perception/classical/people.h"
#include "foothold/perception/classical/tracks_klt.h"

namespace foothold {

// What the classical back end finds on its way, as bytes for a journal.

template <class T>
void PutPiece(const T& piece, ByteWriter* writer) {
  writer->Put(piece);
}
void PutPiece(const PersonTrack& piece, ByteWriter* writer);
void PutPiece(const FeatureTrack& piece, ByteWriter* writer);
void PutPiece(const CameraSolution& piece, ByteWriter* writer);

template <class T>
void GetPiece(ByteReader* reader, T* piece) {
  reader->Get(piece);
}
void GetPiece(ByteReader* reader, PersonTrack* piece);
void GetPiece(ByteReader* reader, FeatureTrack* piece);
void GetPiece(ByteReader* reader, CameraSolution* piece);

template <class T>
requires(!std::is_trivially_copyable_v<T>) void PutPiece(const std::vector<T>& pieces, ByteWriter* writer) {
  writer->Put<uint64_t>(pieces.size());
  for (const T& piece : pieces) PutPiece(piece, writer);
}

template <class T>
requires(!std::is_trivially_copyable_v<T>) void GetPiece(ByteReader* reader, std::vector<T>* pieces) {
  uint64_t count = 0;
  reader->Get(&count);
  for (uint64_t i = 0; i < count && reader->ok(); ++i) GetPiece(reader, &pieces->emplace_back());
}

template <class Make>
auto RememberedPiece(Journal* journal, const std::string& key, const Make& make) {
  using Piece = decltype(make());
  const auto write = [](const Piece& piece) {
    ByteWriter writer;
    PutPiece(piece, &writer);
    return writer.Take();
  };
  const auto read = [](const std::string& bytes, Piece* piece) {
    ByteReader reader(bytes);
    GetPiece(&reader, piece);
    return reader.at_end();
  };
  return Remembered(journal, key, make, write, read);
}

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/pair_geometry.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "foothold/base/bytes.h"
#include "foothold/base/error.h"
#include "foothold/base/parallel.h"
#include "foothold/josh/pair_graph.h"
#include "foothold/networks/exported/exported_module.h"
#include "foothold/perception/canonical_view.h"
#include "foothold/perception/reciprocal_matching.h"

namespace foothold {
namespace {

constexpr float kMaxDepth = 1e4f;  // Metres, or what stands for them.

// From 0 to 1, as observations want it; about the value itself where it is small.
float ToUnit(float confidence) { return confidence / (1 + confidence); }

void SetOnPeople(const ImageU8* people, float value, ImageF* confidence) {
  if (people == nullptr || people->empty()) return;
  for (size_t p = 0; p < confidence->data.size(); ++p) {
    if (people->data[p] != 0) confidence->data[p] = value;
  }
}

struct SeenPair {
  PairView first, second;
  std::vector<PixelMatch> matches;
  int score = 0;
};

// Without threads only the views.
SeenPair MatchPair(PairSight sight, const ImageU8* people_i, const ImageU8* people_j, int threads) {
  SetOnPeople(people_i, 1, &sight.first.confidence);
  SetOnPeople(people_j, 1, &sight.second.confidence);
  if (threads == 0) return {std::move(sight.first), std::move(sight.second), {}, 0};
  const auto decoded = [&](PairDescriptors* d) {
    SetOnPeople(people_i, 0, &d->confidence_a);
    SetOnPeople(people_j, 0, &d->confidence_b);
    return DecodedPair{&d->descriptors_a, &d->confidence_a, &d->descriptors_b, &d->confidence_b};
  };
  ReciprocalOptions options;
  options.threads = threads;
  PairMatches found = MatchImagePair(decoded(&sight.decoded_12), decoded(&sight.decoded_21), options);
  SeenPair seen{std::move(sight.first), std::move(sight.second), {}, found.score};
  for (PixelMatch match : found.matches) {
    if (!(match.confidence > kMinMatchConfidence)) continue;
    match.confidence = ToUnit(match.confidence);
    seen.matches.push_back(match);
  }
  return seen;
}

KeyframeGeometry Canonical(const std::vector<PairView>& views,
                           const ImageF* points_m,
                           const ImageU8* people) {
  std::vector<ImageF> points, confidences;
  for (const PairView& view : views) {
    points.push_back(points_m != nullptr ? *points_m : view.points_m);
    confidences.push_back(view.confidence);
  }
  const CanonicalView view = MakeCanonicalView(points, confidences);
  KeyframeGeometry out;
  out.focal_px = EstimateFocal_px(view.mean_pointmap_m);
  double sum = 0;
  for (const float confidence : view.confidence.data) sum += confidence;
  out.focal_weight = sum / static_cast<double>(view.confidence.data.size());
  out.depth_m = ImageF(view.confidence.width, view.confidence.height);
  out.confidence = out.depth_m;
  const bool has_people = people != nullptr && !people->empty();
  for (int y = 0; y < out.depth_m.height; ++y) {
    for (int x = 0; x < out.depth_m.width; ++x) {
      const AnchoredPixel pixel = AnchorOf(view.relative_depth, x, y);
      const auto depth = static_cast<float>(view.core_depth_m[pixel.anchor] * pixel.offset);
      if (!(depth > 0 && depth < kMaxDepth)) continue;
      out.depth_m.At(x, y) = depth;
      if (has_people && people->At(x, y) != 0) continue;
      out.confidence.At(x, y) = ToUnit(view.confidence.At(x, y));
    }
  }
  return out;
}

// One keyframe and the pairs that it is the first of, as bytes for a journal.
struct Row {
  KeyframeGeometry keyframe;
  std::vector<KeyframePair> pairs;
  std::vector<double> scores;  // Of (i, i + 1), (i, i + 2), ...
};

std::string BytesOf(const Row& row) {
  const KeyframeGeometry& keyframe = row.keyframe;
  ByteWriter writer;
  writer.Put(keyframe.depth_m.width).Put(keyframe.depth_m.height);
  writer.Put(keyframe.depth_m.data).Put(keyframe.confidence.data);
  writer.Put(keyframe.focal_px).Put(keyframe.focal_weight).Put(row.scores);
  writer.Put<uint64_t>(row.pairs.size());
  for (const KeyframePair& pair : row.pairs) writer.Put(pair.i).Put(pair.j).Put(pair.matches);
  return writer.Take();
}

bool RowFrom(const std::string& bytes, Row* row) {
  KeyframeGeometry& keyframe = row->keyframe;
  ByteReader reader(bytes);
  int width = 0, height = 0;
  reader.Get(&width).Get(&height);
  reader.Get(&keyframe.depth_m.data).Get(&keyframe.confidence.data);
  reader.Get(&keyframe.focal_px).Get(&keyframe.focal_weight).Get(&row->scores);
  for (ImageF* image : {&keyframe.depth_m, &keyframe.confidence}) {
    image->width = width;
    image->height = height;
  }
  uint64_t count = 0;
  reader.Get(&count);
  for (uint64_t p = 0; p < count && reader.ok(); ++p) {
    KeyframePair& pair = row->pairs.emplace_back();
    reader.Get(&pair.i).Get(&pair.j).Get(&pair.matches);
  }
  return reader.at_end();
}

// Pairs in rows: (i, i + 1), (i, i + 2), ... Views of a keyframe are all there after its own row.
class PairLoop {
 public:
  PairLoop(const PairNetwork& network,
           const KeyframePictures& pictures,
           const SeePairsOptions& options,
           Journal* journal)
      : network_(network),
        pictures_(pictures),
        options_(options),
        journal_(journal),
        count_(static_cast<int>(pictures.color.size())),
        encodings_(pictures.color.size()),
        views_(pictures.color.size()) {
    geometry_.keyframes.resize(pictures.color.size());
    geometry_.scores.assign(static_cast<size_t>(count_) * count_, 0.0);
  }

  ClipGeometry Run() {
    std::vector<std::vector<int>> partners(pictures_.color.size());
    for (const auto& [i, j] : WindowPairs(count_, options_.window)) partners[i].push_back(j);
    while (done_ < count_ && Restore(done_)) ++done_;
    // Rows before the first open one that reach beyond it are looked at again for their views. Calls are
    // the same as they were: rounding may depend on what else is in one.
    const int first = std::max(0, done_ - options_.window);
    next_to_encode_ = first / options_.batch * options_.batch;
    for (int i = first; i < count_ && done_ < count_; ++i) {
      EncodeUpTo(partners[i].empty() ? i : partners[i].back());
      Row row = LookAtRow(i, partners[i]);
      if (i >= done_) Finish(i, std::move(row));
      views_[i].clear();
      encodings_[i].reset();
    }
    double sum = 0, weight = 0;
    for (const KeyframeGeometry& keyframe : geometry_.keyframes) {
      sum += keyframe.focal_weight * keyframe.focal_px;
      weight += keyframe.focal_weight;
    }
    geometry_.focal_px = sum / weight;
    return std::move(geometry_);
  }

 private:
  static std::string KeyOf(int keyframe) { return "pairs/" + std::to_string(keyframe); }

  bool Restore(int keyframe) {
    std::string bytes;
    Row row;
    if (journal_ == nullptr || !journal_->Find(KeyOf(keyframe), &bytes) || !RowFrom(bytes, &row))
      return false;
    Add(keyframe, std::move(row));
    return true;
  }

  // In calls that begin at multiples of the batch, whatever was asked for first.
  void EncodeUpTo(int last) {
    if (last < next_to_encode_) return;
    const int batch = options_.batch, begin = next_to_encode_;
    const int end = std::min(count_, (last / batch + 1) * batch);
    ParallelFor((end - begin + batch - 1) / batch, options_.calls, [&](int call) {
      UseOneTorchThread();
      const int first = begin + call * batch, stop = std::min(end, first + batch);
      const PairNetwork::Encodings made =
          network_.Encode({pictures_.color.begin() + first, pictures_.color.begin() + stop});
      for (int k = first; k < stop; ++k) encodings_[k] = made[k - first];
    });
    next_to_encode_ = end;
  }

  const ImageU8* People(int keyframe) const {
    return pictures_.person_mask.empty() ? nullptr : pictures_.person_mask[keyframe];
  }

  Row LookAtRow(int i, const std::vector<int>& partners) {
    const int count = static_cast<int>(partners.size()), batch = options_.batch;
    std::vector<SeenPair> seen(partners.size());
    // Calls share the threads: those that one call has for its matching.
    const int inner = std::max(1, options_.threads / std::max(1, options_.calls));
    ParallelFor((count + batch - 1) / batch, options_.calls, [&](int call) {
      UseOneTorchThread();
      const int first = call * batch, stop = std::min(count, first + batch);
      PairNetwork::EncodedPairs pairs;
      for (int p = first; p < stop; ++p)
        pairs.emplace_back(encodings_[i].get(), encodings_[partners[p]].get());
      std::vector<PairSight> sights = network_.Look(pairs);
      for (int p = first; p < stop; ++p) {
        seen[p] =
            MatchPair(std::move(sights[p - first]), People(i), People(partners[p]), i >= done_ ? inner : 0);
      }
    });
    Row row;
    for (int p = 0; p < count; ++p) {
      const int j = partners[p];
      if (i >= done_) views_[i].push_back(std::move(seen[p].first));
      if (j >= done_) views_[j].push_back(std::move(seen[p].second));
      row.scores.push_back(seen[p].score);
      if (!seen[p].matches.empty()) row.pairs.push_back({i, j, std::move(seen[p].matches)});
    }
    return row;
  }

  void Finish(int keyframe, Row row) {
    const ImageF* points = pictures_.points_m.empty() ? nullptr : &pictures_.points_m[keyframe];
    row.keyframe = Canonical(views_[keyframe], points, People(keyframe));
    if (journal_ != nullptr) journal_->Keep(KeyOf(keyframe), BytesOf(row));
    Add(keyframe, std::move(row));
  }

  void Add(int i, Row row) {
    geometry_.keyframes[i] = std::move(row.keyframe);
    for (size_t p = 0; p < row.scores.size(); ++p) {
      const size_t j = i + 1 + p;
      geometry_.scores[static_cast<size_t>(i) * count_ + j] = row.scores[p];
      geometry_.scores[j * count_ + i] = row.scores[p];
    }
    std::move(row.pairs.begin(), row.pairs.end(), std::back_inserter(geometry_.pairs));
  }

  const PairNetwork& network_;
  const KeyframePictures& pictures_;
  SeePairsOptions options_;
  Journal* journal_;
  int count_;
  int done_ = 0;  // Keyframes that the journal held.
  int next_to_encode_ = 0;
  PairNetwork::Encodings encodings_;
  std::vector<std::vector<PairView>> views_;
  ClipGeometry geometry_;
};

}  // namespace

ClipGeometry SeePairs(const PairNetwork& network,
                      const KeyframePictures& pictures,
                      const SeePairsOptions& options,
                      Journal* journal) {
  FOOTHOLD_CHECK(pictures.color.size() >= 2, "pairs of two keyframes or more");
  return PairLoop(network, pictures, options, journal).Run();
}

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/pair_geometry.h"

#include <algorithm>
#include <cmath>

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

SeenPair MatchPair(PairSight sight, const ImageU8* people_i, const ImageU8* people_j, int threads) {
  SetOnPeople(people_i, 1, &sight.first.confidence);
  SetOnPeople(people_j, 1, &sight.second.confidence);
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

// Pairs in rows: (i, i + 1), (i, i + 2), ... Views of a keyframe are all there after its own row.
class PairLoop {
 public:
  PairLoop(const PairNetwork& network, const KeyframePictures& pictures, int batch, int calls, int threads)
      : network_(network),
        pictures_(pictures),
        batch_(batch),
        calls_(calls),
        threads_(threads),
        count_(static_cast<int>(pictures.color.size())),
        encodings_(pictures.color.size()),
        views_(pictures.color.size()) {
    geometry_.keyframes.resize(pictures.color.size());
    geometry_.scores.assign(static_cast<size_t>(count_) * count_, 0.0);
  }

  ClipGeometry Run(int window) {
    const std::vector<std::pair<int, int>> pairs = WindowPairs(count_, window);
    size_t next = 0;
    for (int i = 0; i < count_; ++i) {
      size_t end = next;
      while (end < pairs.size() && pairs[end].first == i) ++end;
      const std::vector<std::pair<int, int>> row(pairs.begin() + static_cast<ptrdiff_t>(next),
                                                 pairs.begin() + static_cast<ptrdiff_t>(end));
      EncodeUpTo(row.empty() ? i : row.back().second);
      LookAtRow(row);
      Finish(i);
      next = end;
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
  void EncodeUpTo(int last) {
    const int begin = encoded_, end = last + 1;
    if (begin >= end) return;
    ParallelFor((end - begin + batch_ - 1) / batch_, calls_, [&](int call) {
      UseOneTorchThread();
      const int first = begin + call * batch_, stop = std::min(end, first + batch_);
      const PairNetwork::Encodings made =
          network_.Encode({pictures_.color.begin() + first, pictures_.color.begin() + stop});
      for (int k = first; k < stop; ++k) encodings_[k] = made[k - first];
    });
    encoded_ = end;
  }

  const ImageU8* People(int keyframe) const {
    return pictures_.person_mask.empty() ? nullptr : pictures_.person_mask[keyframe];
  }

  void LookAtRow(const std::vector<std::pair<int, int>>& row) {
    const int count = static_cast<int>(row.size());
    std::vector<SeenPair> seen(row.size());
    // Calls share the threads: those that one call has for its matching.
    const int inner = std::max(1, threads_ / std::max(1, calls_));
    ParallelFor((count + batch_ - 1) / batch_, calls_, [&](int call) {
      UseOneTorchThread();
      const int first = call * batch_, stop = std::min(count, first + batch_);
      PairNetwork::EncodedPairs pairs;
      for (int p = first; p < stop; ++p) {
        pairs.emplace_back(encodings_[row[p].first].get(), encodings_[row[p].second].get());
      }
      std::vector<PairSight> sights = network_.Look(pairs);
      for (int p = first; p < stop; ++p) {
        seen[p] = MatchPair(std::move(sights[p - first]), People(row[p].first), People(row[p].second), inner);
      }
    });
    for (int p = 0; p < count; ++p) {
      const auto [i, j] = row[p];
      views_[i].push_back(std::move(seen[p].first));
      views_[j].push_back(std::move(seen[p].second));
      const double score = seen[p].score;
      geometry_.scores[static_cast<size_t>(i) * count_ + j] = score;
      geometry_.scores[static_cast<size_t>(j) * count_ + i] = score;
      if (!seen[p].matches.empty()) geometry_.pairs.push_back({i, j, std::move(seen[p].matches)});
    }
  }

  void Finish(int keyframe) {
    const ImageF* points = pictures_.points_m.empty() ? nullptr : &pictures_.points_m[keyframe];
    geometry_.keyframes[keyframe] = Canonical(views_[keyframe], points, People(keyframe));
    views_[keyframe].clear();
    encodings_[keyframe].reset();
  }

  const PairNetwork& network_;
  const KeyframePictures& pictures_;
  int batch_, calls_, threads_, count_;
  int encoded_ = 0;
  PairNetwork::Encodings encodings_;
  std::vector<std::vector<PairView>> views_;
  ClipGeometry geometry_;
};

}  // namespace

ClipGeometry SeePairs(const PairNetwork& network,
                      const KeyframePictures& pictures,
                      int window,
                      int batch,
                      int calls,
                      int threads) {
  FOOTHOLD_CHECK(pictures.color.size() >= 2, "pairs of two keyframes or more");
  return PairLoop(network, pictures, batch, calls, threads).Run(window);
}

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/scan/picture_judge.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "foothold/base/error.h"

namespace foothold {
namespace {

constexpr double kDarkShare = 0.9;        // Of the pictures.
constexpr double kBrightQuantile = 0.95;  // Of a picture.
constexpr double kOtherShare = 0.3;       // Of the pixels, from which on two pictures show different things.
constexpr double kOtherLevel = 10;        // Grey levels.
constexpr double kTextLevel = 10;

double LargestDifference(const Thumb& a, const Thumb& b) {
  double largest = 0;
  for (size_t i = 0; i < a.gray.size(); ++i) {
    largest = std::max(largest, static_cast<double>(std::abs(a.gray[i] - b.gray[i])));
  }
  return largest;
}

bool ShowDifferentThings(const Thumb& a, const Thumb& b) {
  size_t changed = 0;
  for (size_t i = 0; i < a.gray.size(); ++i) changed += std::abs(a.gray[i] - b.gray[i]) > kOtherLevel;
  return changed > kOtherShare * a.gray.size();
}

double Brightness(const Thumb& thumb) {
  std::vector<float> sorted = thumb.gray;
  const auto middle = sorted.begin() + static_cast<long>(kBrightQuantile * (sorted.size() - 1));
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

}  // namespace

Thumb MakeThumb(const ImageU8& rgb) {
  FOOTHOLD_CHECK(rgb.channels == 3 && !rgb.empty(), "a thumb is made from a colour picture");
  const cv::Mat view(rgb.height, rgb.width, CV_8UC3, const_cast<uint8_t*>(rgb.data.data()));
  cv::Mat small, gray;
  cv::resize(view, small, cv::Size(Thumb::kWidth, Thumb::kHeight), 0, 0, cv::INTER_AREA);
  small.convertTo(small, CV_32FC3);
  cv::cvtColor(small, gray, cv::COLOR_RGB2GRAY);
  return {std::vector<float>(gray.begin<float>(), gray.end<float>())};
}

ImageU8 ShrinkTo(int long_edge_px, ImageU8 rgb) {
  const double scale = static_cast<double>(long_edge_px) / std::max(rgb.width, rgb.height);
  if (scale >= 1) return rgb;
  ImageU8 small(std::max(1, static_cast<int>(std::lround(scale * rgb.width))),
                std::max(1, static_cast<int>(std::lround(scale * rgb.height))),
                3);
  const cv::Mat source(rgb.height, rgb.width, CV_8UC3, rgb.data.data());
  cv::Mat target(small.height, small.width, CV_8UC3, small.data.data());
  cv::resize(source, target, target.size(), 0, 0, cv::INTER_AREA);
  return small;
}

Verdict JudgePictures(const std::vector<ThumbPair>& places, const ScanOptions& options) {
  const std::string of_all = " of " + std::to_string(places.size()) + " places";
  size_t num_dark = 0, num_still = 0, num_changes = 0;
  double largest = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    const ThumbPair& place = places[i];
    num_dark += std::max(Brightness(place.first), Brightness(place.second)) < options.dark_level;
    num_still += LargestDifference(place.first, place.second) < options.still_level;
    largest = std::max({largest,
                        LargestDifference(place.first, places[0].first),
                        LargestDifference(place.second, places[0].first)});
    num_changes += i > 0 && ShowDifferentThings(places[i - 1].first, place.first);
  }
  if (places.empty()) return {};
  if (largest < options.still_level) {
    return {"static_image", "all " + std::to_string(places.size()) + " places show the same picture"};
  }
  if (num_dark >= kDarkShare * places.size()) {
    return {"too_dark", std::to_string(num_dark) + of_all + " are dark (scan.dark_level)"};
  }
  if (num_still >= options.slideshow_share * places.size() && num_changes >= 2) {
    return {"slideshow",
            std::to_string(num_still) + of_all + " stand still, and the picture changes between them"};
  }
  return {};
}

bool OnlyABandChanges(const std::vector<ThumbPair>& places, const ScanOptions& options) {
  std::vector<float> lowest, highest;
  for (const ThumbPair& place : places) {
    for (const Thumb* thumb : {&place.first, &place.second}) {
      if (lowest.empty()) lowest = highest = thumb->gray;
      for (size_t i = 0; i < lowest.size(); ++i) {
        lowest[i] = std::min(lowest[i], thumb->gray[i]);
        highest[i] = std::max(highest[i], thumb->gray[i]);
      }
    }
  }
  int first_row = Thumb::kHeight, last_row = -1;
  for (size_t i = 0; i < lowest.size(); ++i) {
    if (highest[i] - lowest[i] <= kTextLevel) continue;
    first_row = std::min(first_row, static_cast<int>(i) / Thumb::kWidth);
    last_row = std::max(last_row, static_cast<int>(i) / Thumb::kWidth);
  }
  return last_row >= first_row && last_row + 1 - first_row <= options.subtitle_band * Thumb::kHeight;
}

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "foothold/perception/classical/detect_boxes.h"
#include "foothold/perception/classical/image_cv.h"
#include "foothold/perception/classical/masks.h"

namespace foothold {
namespace {

constexpr double kMarginX = 0.15, kMarginY = 0.2;  // Searched around the box, of its sides.
constexpr double kCoreX = 0.25, kCoreTop = 0.05, kCoreBottom = 0.85;
constexpr double kSameColumns = 0.5;               // Of the width, between the middles of two boxes.
constexpr double kMinArea = 0.1, kMinPart = 0.03;  // Of the box.
constexpr double kMinHeight = 0.4;                 // Of the box.
constexpr double kMinRowWidth = 0.02;              // Of the box height: thinner rows are noise.

cv::Rect SearchedPart(const Box& box, int width, int height) {
  const int x0 = std::max(0, static_cast<int>(std::floor(box.x - kMarginX * box.width)));
  const int x1 = std::min(width, static_cast<int>(std::floor(box.x + (1 + kMarginX) * box.width)));
  const int y0 = std::max(0, static_cast<int>(std::floor(box.y - kMarginY * box.height)));
  const int y1 = std::min(height, static_cast<int>(std::floor(box.y + (1 + kMarginY) * box.height)));
  return {x0, y0, std::max(0, x1 - x0), std::max(0, y1 - y0)};
}

// Pixels of other people: columns nearer to somebody beside go to that one; of somebody in the same
// columns, the nearer one (lower foot) hides the other from the top of the box down. Returns whether
// this person is hidden so.
bool LeavePixelsToOthers(const Box& box,
                         const std::vector<Box>& others,
                         const cv::Rect& part,
                         cv::Mat* mask) {
  bool hidden = false;
  for (const Box& other : others) {
    if (other.y >= part.y + part.height || FootY(other) <= part.y) continue;
    const bool same_columns = std::abs(CentreX(box) - CentreX(other)) < kSameColumns * box.width;
    if (same_columns && FootY(other) > FootY(box)) {
      const int top = std::clamp(static_cast<int>(other.y) - part.y, 0, part.height);
      mask->rowRange(top, part.height).setTo(0);
      hidden = true;
      continue;
    }
    if (same_columns) {
      mask->rowRange(0, std::clamp(static_cast<int>(box.y) - part.y, 0, part.height)).setTo(0);
      continue;
    }
    for (int x = 0; x < part.width; ++x) {
      const double column = part.x + x;
      if (std::abs(column - CentreX(box)) > std::abs(column - CentreX(other))) mask->col(x).setTo(0);
    }
  }
  return hidden;
}

cv::Mat PersonPixels(const cv::Mat& foreground, const Box& box, const cv::Rect& part) {
  cv::Mat mask = foreground(part) == kForeground;
  const cv::Rect core = cv::Rect(static_cast<int>(box.x + kCoreX * box.width),
                                 static_cast<int>(box.y + kCoreTop * box.height),
                                 static_cast<int>((1 - 2 * kCoreX) * box.width),
                                 static_cast<int>((kCoreBottom - kCoreTop) * box.height)) &
                        part;
  if (core.area() > 0) mask(core - part.tl()).setTo(kForeground, foreground(core) == kShadow);
  return mask;
}

// Drops specks; returns the pixels left.
int KeepLargeParts(double min_area, cv::Mat* mask) {
  cv::Mat labels, statistics, centroids;
  const int count = cv::connectedComponentsWithStats(*mask, labels, statistics, centroids, 8);
  int kept = 0;
  for (int label = 1; label < count; ++label) {
    const int area = statistics.at<int>(label, cv::CC_STAT_AREA);
    if (area > min_area) {
      kept += area;
    } else {
      const cv::Rect where(statistics.at<int>(label, cv::CC_STAT_LEFT),
                           statistics.at<int>(label, cv::CC_STAT_TOP),
                           statistics.at<int>(label, cv::CC_STAT_WIDTH),
                           statistics.at<int>(label, cv::CC_STAT_HEIGHT));
      (*mask)(where).setTo(0, labels(where) == label);
    }
  }
  return kept;
}

// Mean column of the foreground in rows [top, bottom).
double MeanColumn(const cv::Mat& mask, int top, int bottom) {
  double sum = 0, count = 0;
  for (int y = std::max(0, top); y < std::min(mask.rows, bottom); ++y) {
    for (int x = 0; x < mask.cols; ++x) {
      if (mask.at<uchar>(y, x) == 0) continue;
      sum += x;
      ++count;
    }
  }
  return count > 0 ? sum / count : 0.5 * mask.cols;
}

void MeasureFeetAndHead(const cv::Mat& mask, const Box& box, const cv::Rect& part, Silhouette* figures) {
  const double min_width = std::max(1.0, kMinRowWidth * box.height);
  int top = -1, bottom = -1;
  for (int y = 0; y < mask.rows; ++y) {
    if (cv::countNonZero(mask.row(y)) < min_width) continue;
    if (top < 0) top = y;
    bottom = y;
  }
  if (top < 0 || bottom - top < kMinHeight * box.height) return;
  const int height = bottom - top;
  figures->valid = true;
  figures->head_x_px =
      static_cast<float>(part.x + MeanColumn(mask, top, top + std::max(2, static_cast<int>(0.15 * height))));
  figures->foot_x_px = static_cast<float>(
      part.x + MeanColumn(mask, bottom - std::max(2, static_cast<int>(0.12 * height)), bottom + 1));
  // Borders between pixels: the person reaches from the upper edge of the top row to the lower edge of
  // the bottom row.
  figures->head_y_px = static_cast<float>(part.y + top - 0.5);
  figures->foot_y_px = static_cast<float>(part.y + bottom + 0.5);
}

}  // namespace

void FillHoles(ImageU8* mask) {
  // What a frame of background around the mask reaches is outside.
  cv::Mat outside;
  cv::copyMakeBorder(AsMat(*mask), outside, 1, 1, 1, 1, cv::BORDER_CONSTANT, cv::Scalar(0));
  cv::floodFill(outside, cv::Point(0, 0), cv::Scalar(128), nullptr, cv::Scalar(), cv::Scalar(), 4);
  cv::Mat view = AsMat(*mask);
  view.setTo(255, outside(cv::Rect(1, 1, view.cols, view.rows)) != 128);
}

SilhouetteMask CutOutPerson(const ImageU8& foreground, const Box& box, const std::vector<Box>& others) {
  SilhouetteMask result;
  const cv::Mat image = AsMat(foreground);
  const cv::Rect part = SearchedPart(box, image.cols, image.rows);
  if (part.area() == 0) return result;
  const cv::Rect inside = cv::Rect(static_cast<int>(box.x),
                                   static_cast<int>(box.y),
                                   static_cast<int>(box.width),
                                   static_cast<int>(box.height)) &
                          part;
  if (inside.area() > 0) {
    result.figures.foreground_share = static_cast<float>(cv::countNonZero(image(inside) == kForeground)) /
                                      static_cast<float>(inside.area());
  }
  result.figures.at_border =
      part.x == 0 || part.y == 0 || part.x + part.width == image.cols || part.y + part.height == image.rows;
  cv::Mat mask = PersonPixels(image, box, part);
  const bool hidden = LeavePixelsToOthers(box, others, part, &mask);
  const double box_area = static_cast<double>(box.width) * box.height;
  if (KeepLargeParts(kMinPart * box_area, &mask) < kMinArea * box_area) return result;
  result.x = part.x;
  result.y = part.y;
  result.mask = ImageU8(part.width, part.height, 1);
  cv::Mat view = AsMat(result.mask);
  mask.copyTo(view);
  FillHoles(&result.mask);
  if (!hidden) MeasureFeetAndHead(view, box, part, &result.figures);
  return result;
}

}  // namespace foothold

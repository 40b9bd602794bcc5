// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/report/html.h"

#include <cmath>
#include <cstdio>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "foothold/base/error.h"

namespace foothold::report {

Rgb PersonColor(int index) {
  static constexpr Rgb kColors[] = {{66, 133, 244},
                                    {234, 99, 60},
                                    {52, 168, 83},
                                    {204, 121, 220},
                                    {236, 170, 20},
                                    {0, 172, 193},
                                    {216, 64, 112},
                                    {140, 158, 30},
                                    {126, 107, 217},
                                    {161, 120, 84}};
  constexpr int kCount = static_cast<int>(std::size(kColors));
  return kColors[((index % kCount) + kCount) % kCount];
}

std::string HexColor(const Rgb& color) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", color[0], color[1], color[2]);
  return text;
}

std::string EscapeHtml(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string Base64(const void* data, size_t size_bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto* bytes = static_cast<const uint8_t*>(data);
  std::string text;
  text.reserve((size_bytes + 2) / 3 * 4);
  for (size_t i = 0; i < size_bytes; i += 3) {
    const size_t left = size_bytes - i;
    const uint32_t group = (uint32_t{bytes[i]} << 16) | (left > 1 ? uint32_t{bytes[i + 1]} << 8 : 0) |
                           (left > 2 ? uint32_t{bytes[i + 2]} : 0);
    text += kDigits[group >> 18];
    text += kDigits[(group >> 12) & 63];
    text += left > 1 ? kDigits[(group >> 6) & 63] : '=';
    text += left > 2 ? kDigits[group & 63] : '=';
  }
  return text;
}

std::string Number(double value, int decimals) {
  if (!std::isfinite(value)) return "–";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string JpegElement(const ImageU8& image_rgb, const std::string& alternative_text) {
  FOOTHOLD_CHECK(!image_rgb.empty() && image_rgb.channels == 3, "a picture is RGB");
  std::vector<uchar> jpeg;
  try {
    const cv::Mat rgb(
        image_rgb.height, image_rgb.width, CV_8UC3, const_cast<uint8_t*>(image_rgb.data.data()));
    cv::Mat bgr;
    cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
    cv::imencode(".jpg", bgr, jpeg, {cv::IMWRITE_JPEG_QUALITY, 82});
  } catch (const cv::Exception& error) {
    throw Error(ErrorKind::kContract, std::string("cannot encode a picture of the report: ") + error.what());
  }
  return "<img loading=\"lazy\" width=\"" + std::to_string(image_rgb.width) + "\" height=\"" +
         std::to_string(image_rgb.height) + "\" alt=\"" + EscapeHtml(alternative_text) +
         "\" src=\"data:image/jpeg;base64," + Base64(jpeg.data(), jpeg.size()) + "\">";
}

}  // namespace foothold::report

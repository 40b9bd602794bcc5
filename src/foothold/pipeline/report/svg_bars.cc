// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/report/svg_bars.h"

#include <algorithm>
#include <cmath>

#include "foothold/pipeline/report/html.h"

namespace foothold::report {
namespace {

constexpr double kWidth = 640, kHeight = 220;
constexpr double kLeft = 64, kRight = 10, kTop = 12, kBottom = 26;

// 1, 2 or 5 times a power of ten, not below `value`.
double RoundedUp(double value) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (value <= factor * power * (1 + 1e-9)) return factor * power;
  }
  return 10 * power;
}

std::string Text(double x, double y, const char* anchor, const std::string& text) {
  return "<text x=\"" + Number(x, 1) + "\" y=\"" + Number(y, 1) + "\" text-anchor=\"" + anchor + "\">" +
         EscapeHtml(text) + "</text>";
}

std::string Bar(double x, double y, double width, double height, const std::string& title) {
  return "<rect class=\"value\" x=\"" + Number(x, 2) + "\" y=\"" + Number(y, 2) + "\" width=\"" +
         Number(std::max(0.0, width), 2) + "\" height=\"" + Number(std::max(0.0, height), 2) + "\"><title>" +
         EscapeHtml(title) + "</title></rect>";
}

std::string Begin(double height, const std::string& what) {
  return "<svg class=\"plot\" viewBox=\"0 0 640 " + Number(height, 0) + "\" role=\"img\" aria-label=\"" +
         EscapeHtml(what) + "\">";
}

// Enough digits for the size of a number on an axis.
std::string Short(double value) {
  if (value >= 20 || value == std::round(value)) return Number(value, 0);
  return Number(value, value >= 1 ? 1 : 2);
}

}  // namespace

std::string UprightBars(const std::vector<double>& values,
                        const std::string& first,
                        const std::string& last,
                        const std::string& what) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, value);
  if (!(largest > 0)) return "";
  const double top = RoundedUp(largest), height = kHeight - kTop - kBottom;
  std::string svg = Begin(kHeight, what);
  for (const double share : {0.0, 0.5, 1.0}) {
    const double y = kHeight - kBottom - share * height;
    svg +=
        "<line class=\"grid\" x1=\"64\" x2=\"630\" y1=\"" + Number(y, 1) + "\" y2=\"" + Number(y, 1) + "\"/>";
    svg += Text(kLeft - 8, y + 4, "end", Short(share * top));
  }
  const double step = (kWidth - kLeft - kRight) / static_cast<double>(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const double bar = height * values[i] / top;
    svg += Bar(kLeft + static_cast<double>(i) * step + 0.06 * step,
               kHeight - kBottom - bar,
               0.88 * step,
               bar,
               Short(values[i]));
  }
  return svg + Text(kLeft, kHeight - 8, "start", first) + Text(kWidth - kRight, kHeight - 8, "end", last) +
         "</svg>";
}

std::string LyingBars(const std::vector<std::pair<std::string, double>>& values,
                      int decimals,
                      const std::string& what) {
  double largest = 0;
  for (const auto& [name, value] : values) largest = std::max(largest, value);
  if (!(largest > 0)) return "";
  constexpr double kName = 210, kNumber = 90, kLine = 24;
  std::string svg = Begin(kLine * static_cast<double>(values.size()) + 4, what);
  double y = 2;
  for (const auto& [name, value] : values) {
    const double width = (kWidth - kName - kNumber) * value / largest;
    svg += Text(kName - 8, y + 16, "end", name) + Bar(kName, y + 4, width, kLine - 8, name) +
           Text(kName + width + 8, y + 16, "start", Number(value, decimals));
    y += kLine;
  }
  return svg + "</svg>";
}

}  // namespace foothold::report

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "foothold/pipeline/report/html.h"
#include "foothold/pipeline/report/svg_plot.h"

namespace foothold::report {
namespace {

constexpr double kWidth = 640, kHeight = 360;
constexpr double kLeft = 56, kRight = 14, kTop = 26, kBottom = 40;
constexpr double kDecades = 6;  // Costs further below the largest are drawn at the bottom.

struct Curve {
  std::string name;
  Rgb color;
  bool is_total = false;
  std::vector<double> cost;  // One per row.
};

struct Stage {
  std::string name;
  size_t first_row = 0;
};

struct Table {
  std::vector<Curve> curves;
  std::vector<Stage> stages;
  size_t rows = 0;
};

Table Collect(const SolverSummary& summary) {
  Table table;
  for (size_t t = 0; t < summary.terms.size(); ++t) {
    table.curves.push_back({summary.terms[t].name, PersonColor(static_cast<int>(t)), false, {}});
  }
  table.curves.push_back({"total", {}, true, {}});
  for (const auto& iteration : summary.iterations) {
    if (!iteration.accepted && iteration.iteration > 0) continue;
    if (iteration.term_cost.size() != summary.terms.size()) continue;
    if (table.stages.empty() || table.stages.back().name != iteration.stage) {
      table.stages.push_back({iteration.stage, table.rows});
    }
    for (size_t t = 0; t < summary.terms.size(); ++t) {
      table.curves[t].cost.push_back(summary.terms[t].weight * iteration.term_cost[t]);
    }
    table.curves.back().cost.push_back(iteration.cost);
    ++table.rows;
  }
  // Terms that were switched off have nothing to show.
  std::erase_if(table.curves, [](const Curve& curve) {
    return std::none_of(
        curve.cost.begin(), curve.cost.end(), [](double v) { return v > 0 && std::isfinite(v); });
  });
  return table;
}

// Axes of the plot: iteration to x, log10 of the cost to y.
struct Axes {
  double rows = 1, low = 0, high = 1;
  double X(double row) const { return kLeft + (kWidth - kLeft - kRight) * row / std::max(1.0, rows - 1); }
  double Y(double cost) const {
    const double value = std::clamp(cost > 0 ? std::log10(cost) : low, low, high);
    return kHeight - kBottom - (kHeight - kTop - kBottom) * (value - low) / (high - low);
  }
};

Axes MakeAxes(const Table& table) {
  double smallest = std::numeric_limits<double>::infinity(), largest = 0;
  for (const Curve& curve : table.curves) {
    for (const double v : curve.cost) {
      if (!(v > 0) || !std::isfinite(v)) continue;
      smallest = std::min(smallest, v);
      largest = std::max(largest, v);
    }
  }
  Axes axes;
  axes.rows = static_cast<double>(table.rows);
  axes.high = std::ceil(std::log10(largest) + 0.02);
  axes.low = std::max(std::floor(std::log10(smallest)), axes.high - kDecades);
  return axes;
}

std::string Line(double x1, double y1, double x2, double y2, const std::string& css_class) {
  return "<line class=\"" + css_class + "\" x1=\"" + Number(x1, 1) + "\" y1=\"" + Number(y1, 1) + "\" x2=\"" +
         Number(x2, 1) + "\" y2=\"" + Number(y2, 1) + "\"/>";
}

std::string Text(double x, double y, const std::string& anchor, const std::string& text) {
  return "<text x=\"" + Number(x, 1) + "\" y=\"" + Number(y, 1) + "\" text-anchor=\"" + anchor + "\">" +
         EscapeHtml(text) + "</text>";
}

std::string Grid(const Axes& axes) {
  std::string svg;
  for (int decade = static_cast<int>(axes.low); decade <= static_cast<int>(axes.high); ++decade) {
    const double y = axes.Y(std::pow(10.0, decade));
    svg += Line(kLeft, y, kWidth - kRight, y, "grid");
    svg += "<text x=\"" + Number(kLeft - 8, 1) + "\" y=\"" + Number(y + 4, 1) +
           "\" text-anchor=\"end\">10<tspan dy=\"-4\" font-size=\"9\">" + std::to_string(decade) +
           "</tspan></text>";
  }
  const int step = std::max(1, static_cast<int>(std::ceil(axes.rows / 8)));
  for (int row = 0; row < axes.rows; row += step) {
    svg += Text(axes.X(row), kHeight - kBottom + 18, "middle", std::to_string(row));
  }
  return svg + Text((kLeft + kWidth - kRight) / 2, kHeight - 4, "middle", "iteration");
}

std::string Polyline(const Curve& curve, const Axes& axes) {
  std::string points;
  for (size_t row = 0; row < curve.cost.size(); ++row) {
    points += Number(axes.X(static_cast<double>(row)), 1) + "," + Number(axes.Y(curve.cost[row]), 1) + " ";
  }
  const std::string color = curve.is_total ? "currentColor" : HexColor(curve.color);
  return "<polyline fill=\"none\" stroke=\"" + color + "\" stroke-width=\"" +
         (curve.is_total ? "2.4" : "1.8") + "\" stroke-linejoin=\"round\" points=\"" + points + "\"><title>" +
         EscapeHtml(curve.name) + "</title></polyline>";
}

}  // namespace

std::string CostPlot(const SolverSummary& summary) {
  const Table table = Collect(summary);
  if (table.rows < 2 || table.curves.empty()) return "";
  const Axes axes = MakeAxes(table);
  std::string svg =
      "<svg class=\"plot\" viewBox=\"0 0 640 360\" role=\"img\" aria-label=\"Cost of every term "
      "over the iterations\">" +
      Grid(axes);
  for (const Stage& stage : table.stages) {
    const double x = axes.X(static_cast<double>(stage.first_row));
    if (stage.first_row > 0) svg += Line(x, kTop, x, kHeight - kBottom, "stage");
    svg += Text(x + 4, kTop - 10, "start", stage.name);
  }
  std::string legend;
  for (const Curve& curve : table.curves) {
    svg += Polyline(curve, axes);
    legend += "<span class=\"key\"><i style=\"background:" +
              (curve.is_total ? std::string("currentColor") : HexColor(curve.color)) + "\"></i>" +
              EscapeHtml(curve.name) + "</span>";
  }
  return svg + "</svg><p class=\"legend\">" + legend + "</p>";
}

}  // namespace foothold::report

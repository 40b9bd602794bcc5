// SPDX-License-Identifier: Apache-2.0
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <ctime>
#include <iostream>
#include <memory>
#include <thread>

#include "foothold/base/atomic_file.h"
#include "foothold/cli/command.h"
#include "foothold/cli/output.h"
#include "foothold/corpus/run_progress.h"
#include "foothold/corpus/status_formats.h"
#include "foothold/corpus/units_file.h"
#include "foothold/pipeline/status_page.h"

namespace foothold::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  foothold status out\n"
    "  foothold status out --watch\n"
    "  foothold status out --price 2.5 --html out.html\n"
    "  foothold status out --watch --interval 60 --prometheus /var/lib/node_exporter/foothold.prom\n\n"
    "Reads the ledger only and changes nothing: while the run goes on, or after it. docs/status.md explains\n"
    "each number.";

struct Arguments {
  std::string output, prometheus_path, html_path, body_path;
  bool watch = false, json = false;
  double interval_s = 5;
  StatusPrice price;
};

int TerminalWidth() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void Print(const RunStatus& status, const Arguments& arguments) {
  if (arguments.json) {
    std::cout << StatusAsJson(status, arguments.price) << "\n";
    return;
  }
  const bool redraw = arguments.watch && isatty(STDOUT_FILENO) != 0;
  if (redraw) std::cout << "\x1b[H\x1b[2J";
  std::cout << StatusAsText(status, arguments.price, TerminalWidth());
  if (arguments.watch && !redraw) std::cout << "\n";
}

void WritePage(const RunProgress& progress,
               const RunStatus& status,
               const BodyModel& body,
               const Arguments& arguments) {
  const StatusPageOptions options;
  const RunSample sample =
      SampleRun(arguments.output, progress.units(), progress.state(), options.sample, options.pictures);
  WriteFileAtomically(arguments.html_path, MakeStatusPage(status, arguments.price, sample, body, options));
}

ExitCode Run(const Arguments& arguments) {
  BodyModel body;
  if (!arguments.html_path.empty()) body = LoadBody(arguments.body_path);
  RunProgress progress(arguments.output, UnitsOfRun(arguments.output));
  while (true) {
    progress.Refresh();
    const RunStatus status = progress.Status(std::time(nullptr));
    Print(status, arguments);
    FlushOutput();
    if (!arguments.prometheus_path.empty())
      WriteFileAtomically(arguments.prometheus_path, StatusForPrometheus(status, arguments.price));
    if (!arguments.html_path.empty()) WritePage(progress, status, body, arguments);
    if (!arguments.watch || status.open == 0) return ExitCode::kOk;
    std::this_thread::sleep_for(std::chrono::duration<double>(arguments.interval_s));
  }
}

}  // namespace

void AddStatusCommand(CLI::App* app, Action* action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app->add_subcommand("status", "How far a label_corpus run is, and what became of it.");
  command->add_option("run", arguments->output, "Output folder of label_corpus.")
      ->type_name("RUN")
      ->required();
  command->add_flag("--watch", arguments->watch, "Look again until the run is finished.");
  command->add_option("--interval", arguments->interval_s, "Seconds between looks.")
      ->check(CLI::Range(0.1, 86400.0))
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "Print JSON.");
  command->add_option("--prometheus", arguments->prometheus_path, "Also write metrics for Prometheus.")
      ->type_name("FILE");
  command->add_option("--html", arguments->html_path, "Also draw a page with plots and pictures.")
      ->type_name("FILE");
  AddBodyOption(command, &arguments->body_path);
  command->add_option("--price", arguments->price.per_rank_hour, "Price of a rank for an hour.")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--currency", arguments->price.currency, "Of the price.")->capture_default_str();
  command->footer(kExamples);
  command->callback([=] { *action = [=] { return Run(*arguments); }; });
}

}  // namespace foothold::cli

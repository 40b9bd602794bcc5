// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/options.h"

#include <stdlib.h>

#include "support/expect_error.h"

namespace foothold {
namespace {

struct TrackerOptions {
  int max_coast_frames = 12;
  double gate_px = 0.1;
  bool use_flow = true;
  std::string method = "kalman";
  std::string note;
  int threads = 1;
  static const OptionTable& Table();
};

const OptionTable& TrackerOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<TrackerOptions>("tracker", "Person tracking.")
          .Add("max_coast_frames",
               &TrackerOptions::max_coast_frames,
               0,
               100,
               "Frames a track may coast unseen.")
          .Add("gate_px", &TrackerOptions::gate_px, 0, 50, "Association gate.")
          .Add("use_flow", &TrackerOptions::use_flow, "Predict boxes by optical flow.")
          .Add("method", &TrackerOptions::method, {"kalman", "greedy"}, "Filter.")
          .Add("note", &TrackerOptions::note, {}, "Free text.")
          .Add("threads", &TrackerOptions::threads, 1, 64, "Threads.")
          .DoesNotAffectLabels()
          .Build();
  return table;
}

struct Bound {
  TrackerOptions tracker;
  OptionSet set;
  Bound() { set.Bind(&tracker); }
};

TEST(Options, AssignSetsEveryType) {
  Bound bound;
  bound.set.Assign("tracker.max_coast_frames", "7", "test");
  bound.set.Assign("tracker.gate_px", "2.5e-1", "test");
  bound.set.Assign("tracker.use_flow", "off", "test");
  bound.set.Assign("tracker.method", "greedy", "test");
  EXPECT_EQ(bound.tracker.max_coast_frames, 7);
  EXPECT_EQ(bound.tracker.gate_px, 0.25);
  EXPECT_FALSE(bound.tracker.use_flow);
  EXPECT_EQ(bound.tracker.method, "greedy");
  EXPECT_TRUE(bound.set.Check().empty());
}

TEST(Options, UnknownKeyNamesOriginAndNeighbour) {
  Bound bound;
  ExpectError(ErrorKind::kUsage, {"a.conf:3", "tracker.gate_p", "did you mean 'tracker.gate_px'?"}, [&] {
    bound.set.Assign("tracker.gate_p", "1", "a.conf:3");
  });
  ExpectError(ErrorKind::kUsage, {"did you mean 'tracker.use_flow'?"}, [&] {
    bound.set.Assign("people.use_flow", "1", "flag");
  });
  ExpectError(
      ErrorKind::kUsage, {"zzzzzzz", "docs/options.md"}, [&] { bound.set.Assign("zzzzzzz", "1", "flag"); });
}

TEST(Options, MalformedValues) {
  Bound bound;
  const std::vector<std::pair<std::string, std::string>> cases = {{"max_coast_frames", "abc"},
                                                                  {"max_coast_frames", "1.5"},
                                                                  {"max_coast_frames", "99999999999"},
                                                                  {"max_coast_frames", ""},
                                                                  {"gate_px", "nan"},
                                                                  {"gate_px", "inf"},
                                                                  {"gate_px", "1e999"},
                                                                  {"gate_px", "1 px"},
                                                                  {"use_flow", "maybe"}};
  for (const auto& [name, text] : cases) {
    const TrackerOptions before = bound.tracker;
    ExpectError(ErrorKind::kUsage,
                {"flag", "tracker." + name, "'" + text + "'"},
                [&, &name = name, &text = text] { bound.set.Assign("tracker." + name, text, "flag"); });
    EXPECT_EQ(bound.tracker.max_coast_frames, before.max_coast_frames);
    EXPECT_EQ(bound.tracker.gate_px, before.gate_px);
  }
}

TEST(Options, CheckListsAllFailures) {
  Bound bound;
  bound.tracker.max_coast_frames = 101;
  bound.tracker.gate_px = -1;
  bound.tracker.method = "kalmann";
  EXPECT_EQ(bound.set.Check().size(), 3u);
  ExpectError(ErrorKind::kUsage,
              {"tracker.max_coast_frames: 101 is out of range (0 to 100)",
               "tracker.gate_px: -1",
               "'kalmann' is not one of kalman, greedy; did you mean 'kalman'?"},
              [&] { bound.set.CheckOrThrow(); });
}

TEST(Options, EnvironmentOverridesAndRejectsUnknown) {
  Bound bound;
  setenv("FOOTHOLD_TRACKER_GATE_PX", "3", 1);
  setenv("FOOTHOLD_UNRELATED", "3", 1);
  bound.set.AssignFromEnvironment();
  EXPECT_EQ(bound.tracker.gate_px, 3);
  setenv("FOOTHOLD_TRACKER_GATE", "3", 1);
  ExpectError(ErrorKind::kUsage,
              {"FOOTHOLD_TRACKER_GATE names", "did you mean FOOTHOLD_TRACKER_GATE_PX?"},
              [&] { bound.set.AssignFromEnvironment(); });
  unsetenv("FOOTHOLD_TRACKER_GATE");
  unsetenv("FOOTHOLD_TRACKER_GATE_PX");
  unsetenv("FOOTHOLD_UNRELATED");
}

TEST(Options, DumpQuotesAndFilters) {
  Bound bound;
  bound.tracker.note = " a #b \"c\"\n";
  EXPECT_EQ(bound.set.Dump(),
            "[tracker]\nmax_coast_frames = 12\ngate_px = 0.1\nuse_flow = true\nmethod = kalman\n"
            "note = \" a #b \\\"c\\\"\\n\"\nthreads = 1\n");
  EXPECT_EQ(bound.set.Dump(true).find("threads"), std::string::npos);
}

TEST(Options, FormattedDoublesReadBackExactly) {
  for (const double value : {0.1, 1.0 / 3, 1e-300, 123456789.123456789, -0.0, 5e-324}) {
    double read = 1;
    EXPECT_EQ(internal::ParseOption(internal::FormatOption(value), &read), "");
    EXPECT_EQ(read, value);
  }
}

TEST(Options, ReferencePageHasEveryField) {
  const std::string page = Bound().set.ReferencePage();
  for (const OptionField& field : TrackerOptions::Table().fields) {
    EXPECT_NE(page.find("| `" + field.name + "` |"), std::string::npos) << field.name;
    EXPECT_NE(page.find(field.help), std::string::npos);
  }
  EXPECT_NE(page.find("| 0 to 100 |"), std::string::npos) << page;
}

TEST(NearestWord, SwapsTyposAndNothing) {
  const std::vector<std::string> words = {"recorded", "classical", "synthetic"};
  EXPECT_EQ(NearestWord("clasical", words), "classical");
  EXPECT_EQ(NearestWord("recroded", words), "recorded");
  EXPECT_EQ(NearestWord("synth", words), "synthetic");
  EXPECT_EQ(NearestWord("networks", words), "");
  EXPECT_EQ(NearestWord("", words), "");
}

}  // namespace
}  // namespace foothold

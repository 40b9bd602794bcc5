// SPDX-License-Identifier: Apache-2.0
// Follows the people of a video and scores the tracks against known boxes:
//
//   score_tracks VIDEO [--truth boxes.csv] [--frames A:B] [--static] [--threads N] [--csv out.csv]
//                [--overlay FOLDER] [--every N] [--set people.KEY=VALUE]...
//
// The CSV form is that of promenade_tracks.csv: frame,id,x_px,y_px,width_px,height_px. Overlays show
// boxes, ids and masks of every N-th frame.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

#include "foothold/base/error.h"
#include "foothold/base/timer.h"
#include "foothold/perception/classical/image_cv.h"
#include "foothold/perception/classical/people.h"
#include "foothold/video/video.h"
#include "perception_people/track_score.h"

namespace foothold {
namespace {

struct Arguments {
  std::string video, truth, csv, overlay;
  int begin = 0, end = -1, threads = 1, every = 10;
  bool is_static = false;
  PeopleOptions people;
};

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  OptionSet options;
  options.Bind(&arguments.people);
  for (int i = 1; i < argc; ++i) {
    const std::string key = argv[i];
    const auto value = [&] {
      if (++i >= argc) throw Error(ErrorKind::kUsage, key + " needs a value");
      return std::string(argv[i]);
    };
    if (key == "--truth") {
      arguments.truth = value();
    } else if (key == "--csv") {
      arguments.csv = value();
    } else if (key == "--overlay") {
      arguments.overlay = value();
    } else if (key == "--every") {
      arguments.every = std::max(1, std::atoi(value().c_str()));
    } else if (key == "--threads") {
      arguments.threads = std::atoi(value().c_str());
    } else if (key == "--static") {
      arguments.is_static = true;
    } else if (key == "--set") {
      const std::string setting = value();
      const size_t equals = setting.find('=');
      if (equals == std::string::npos)
        throw Error(ErrorKind::kUsage, "--set " + setting + ": give KEY=VALUE");
      options.Assign(setting.substr(0, equals), setting.substr(equals + 1), "--set");
    } else if (key == "--frames") {
      const std::string range = value();
      if (std::sscanf(range.c_str(), "%d:%d", &arguments.begin, &arguments.end) < 1) {
        throw Error(ErrorKind::kUsage, "--frames " + range + ": give A:B");
      }
    } else {
      arguments.video = key;
    }
  }
  options.CheckOrThrow();
  if (arguments.video.empty()) throw Error(ErrorKind::kUsage, "give a video");
  return arguments;
}

void WriteCsv(const std::string& path, int begin, const std::vector<PersonTrack>& tracks) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) throw Error(ErrorKind::kStorage, path + ": cannot write");
  std::fprintf(file, "frame,id,x_px,y_px,width_px,height_px\n");
  for (const PersonTrack& track : tracks) {
    for (size_t k = 0; k < track.frames.size(); ++k) {
      const Box& box = track.boxes_px[k];
      std::fprintf(file,
                   "%d,%d,%.1f,%.1f,%.1f,%.1f\n",
                   begin + track.frames[k],
                   track.id,
                   box.x,
                   box.y,
                   box.width,
                   box.height);
    }
  }
  std::fclose(file);
}

void DrawOverlays(const Arguments& arguments,
                  const ClipFrames& frames,
                  const std::vector<PersonTrack>& tracks,
                  const PersonMasks& masks) {
  for (size_t w = 0; w < masks.frames.size(); ++w) {
    const int frame = masks.frames[w];
    ImageU8 rgb = frames.Rgb(frame);
    cv::Mat picture;
    cv::cvtColor(AsMat(rgb), picture, cv::COLOR_RGB2BGR);
    cv::Mat tint = picture.clone();
    tint.setTo(cv::Scalar(0, 0, 255), AsMat(masks.people[w]));
    cv::addWeighted(picture, 0.6, tint, 0.4, 0, picture);
    for (size_t t = 0; t < tracks.size(); ++t) {
      const int k = frame - tracks[t].frames.front();
      if (k < 0 || k >= static_cast<int>(tracks[t].frames.size())) continue;
      const Box box = frames.AnalysisFromSource(tracks[t].boxes_px[k]);
      const cv::Scalar color(
          80 + tracks[t].id * 53 % 170, 80 + tracks[t].id * 97 % 170, 80 + tracks[t].id * 31 % 170);
      cv::rectangle(
          picture, cv::Rect2f(box.x, box.y, box.width, box.height), color, tracks[t].detected[k] ? 2 : 1);
      cv::putText(picture, std::to_string(tracks[t].id), cv::Point2f(box.x, box.y - 3), 0, 0.6, color, 2);
      if (!masks.silhouettes.empty() && masks.silhouettes[t][k].valid) {
        const Silhouette& s = masks.silhouettes[t][k];
        const Box foot = frames.AnalysisFromSource({s.foot_x_px, s.foot_y_px, 0, 0});
        const Box head = frames.AnalysisFromSource({s.head_x_px, s.head_y_px, 0, 0});
        cv::circle(picture, cv::Point2f(foot.x, foot.y), 3, cv::Scalar(255, 0, 0), -1);
        cv::circle(picture, cv::Point2f(head.x, head.y), 3, cv::Scalar(255, 0, 255), -1);
      }
    }
    char name[32];
    std::snprintf(name, sizeof name, "/frame_%05d.png", arguments.begin + frame);
    cv::imwrite(arguments.overlay + name, picture);
  }
}

int Run(int argc, char** argv) {
  const Arguments arguments = Parse(argc, argv);
  VideoOptions video_options;
  video_options.split_at_cuts = false;
  const VideoProbe probe = ProbeVideo(arguments.video, video_options);
  const Clip clip = MakeClips(probe, arguments.begin, arguments.end, video_options).front();
  PhaseTimes times;
  Timer timer;
  const ClipFrames frames = ClipFrames::Decode(clip, {}, {});
  times.Add("decode", timer.Seconds());
  const CameraRegime regime = arguments.is_static ? CameraRegime::kStatic : CameraRegime::kParallax;
  std::vector<PersonTrack> tracks = TrackPeople(frames, regime, arguments.people, arguments.threads, &times);
  std::vector<int> wanted;
  for (int frame = 0; frame < frames.count(); frame += arguments.every) wanted.push_back(frame);
  const PersonMasks masks =
      MaskPeople(frames, regime, wanted, arguments.people, arguments.threads, &tracks, &times);

  for (const PersonTrack& track : tracks) {
    const auto hits = std::count(track.detected.begin(), track.detected.end(), 1);
    std::printf("track %3d frames %4d-%4d hits %3ld height %4.0f score %.2f",
                track.id,
                track.frames.front(),
                track.frames.back(),
                static_cast<long>(hits),
                track.boxes_px[track.boxes_px.size() / 2].height,
                track.scores[track.scores.size() / 2]);
    for (const std::string& flag : track.flags) std::printf(" %s", flag.c_str());
    std::printf("\n");
  }
  if (!arguments.truth.empty()) {
    const test::TrackScore score = test::ScoreTracks(
        test::ReadTrueTracks(arguments.truth, arguments.begin, arguments.begin + frames.count()), tracks);
    for (const test::PersonScore& person : score.people) {
      std::printf("person %d: found in %d of %d frames, %d switches, mean overlap %.2f\n",
                  person.true_id,
                  person.found,
                  person.frames,
                  person.switches,
                  person.mean_overlap);
    }
    for (const PersonTrack* track : score.unmatched) {
      std::printf("follows none of them: track %d, %zu frames\n", track->id, track->frames.size());
    }
  }
  for (const auto& [phase, seconds] : times.seconds()) {
    std::printf("%-16s %.4f s per frame\n", phase.c_str(), seconds / frames.count());
  }
  if (!arguments.csv.empty()) WriteCsv(arguments.csv, arguments.begin, tracks);
  if (!arguments.overlay.empty()) DrawOverlays(arguments, frames, tracks, masks);
  return 0;
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) {
  try {
    return foothold::Run(argc, argv);
  } catch (const foothold::Error& error) {
    std::fprintf(stderr, "score_tracks: %s\n", error.what());
    return static_cast<int>(error.exit_code());
  }
}

// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <filesystem>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include "foothold/base/error.h"
#include "foothold/video/opencv_io.h"
#include "foothold/video/video.h"

namespace foothold {
namespace {

// MPEG-4 part 2 (36 dB on real video at OpenCV's bit rate) rather than H.264, whose bytes depend on
// the number of cores here; FFV1 is exact. Neither writes a creation time, so equal frames give equal files.
int CodecFor(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension().string();
  if (extension == ".mp4") return cv::VideoWriter::fourcc('m', 'p', '4', 'v');
  if (extension == ".avi") return cv::VideoWriter::fourcc('F', 'F', 'V', '1');
  throw Error(ErrorKind::kUsage, path + ": a video file must end in .mp4 (lossy) or .avi (lossless)");
}

void CheckFrames(const std::string& path, const std::vector<ImageU8>& frames_rgb) {
  FOOTHOLD_CHECK(!frames_rgb.empty(), path + ": no frames to write");
  const ImageU8& first = frames_rgb.front();
  FOOTHOLD_CHECK(first.width > 0 && first.width % 2 == 0 && first.height > 0 && first.height % 2 == 0,
                 path + ": the sides of a video must be even");
  for (const ImageU8& frame : frames_rgb) {
    FOOTHOLD_CHECK(frame.channels == 3 && frame.width == first.width && frame.height == first.height,
                   path + ": every frame must be RGB and of one size");
  }
}

void Encode(const std::string& path,
            int codec,
            double frame_rate_hz,
            const std::vector<ImageU8>& frames_rgb) {
  const cv::Size size(frames_rgb.front().width, frames_rgb.front().height);
  cv::VideoWriter writer(path, cv::CAP_FFMPEG, codec, frame_rate_hz, size);
  if (!writer.isOpened()) {
    throw Error(ErrorKind::kStorage, path + ": cannot write a video here; is the folder there and writable?");
  }
  cv::Mat bgr;
  for (const ImageU8& frame : frames_rgb) {
    const cv::Mat rgb(size, CV_8UC3, const_cast<uint8_t*>(frame.data.data()));
    cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
    writer.write(bgr);
  }
}

// The encoder reports no I/O error; a file cut short by a full disk has no readable index.
void CheckWritten(const std::string& path, int num_frames) {
  cv::VideoCapture capture(path, cv::CAP_FFMPEG);
  if (!capture.isOpened() || static_cast<int>(capture.get(cv::CAP_PROP_FRAME_COUNT)) != num_frames) {
    throw Error(ErrorKind::kStorage, path + ": the video could not be written whole; is the disk full?");
  }
}

// Hidden neighbour; the container is chosen by the extension, so this keeps it.
std::filesystem::path PartialPath(const std::filesystem::path& path) {
  std::string name = ".";
  name += path.stem().string();
  name += ".partial-";
  name += std::to_string(getpid());
  name += path.extension().string();
  return path.parent_path() / name;
}

}  // namespace

void WriteVideo(const std::string& path, double frame_rate_hz, const std::vector<ImageU8>& frames_rgb) {
  video_internal::PrepareOpencv();
  FOOTHOLD_CHECK(frame_rate_hz > 0 && frame_rate_hz <= 1000, path + ": frame rate out of range");
  CheckFrames(path, frames_rgb);
  const int codec = CodecFor(path);
  const std::filesystem::path final_path(path);
  const std::filesystem::path partial = PartialPath(final_path);
  std::error_code ignored;
  try {
    Encode(partial.string(), codec, frame_rate_hz, frames_rgb);
    CheckWritten(partial.string(), static_cast<int>(frames_rgb.size()));
    std::filesystem::rename(partial, final_path);
  } catch (const Error&) {
    std::filesystem::remove(partial, ignored);
    throw;
  } catch (const std::exception& error) {  // OpenCV and file system.
    std::filesystem::remove(partial, ignored);
    throw Error(ErrorKind::kStorage, path + ": cannot write the video: " + error.what());
  }
}

}  // namespace foothold

// SPDX-License-Identifier: Apache-2.0
#include "jobs/hostile_corpus.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "foothold/base/atomic_file.h"
#include "foothold/base/random.h"
#include "support/tar_text.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

class Maker {
 public:
  Maker(const std::string& folder, int count, std::vector<std::string>* paths)
      : bases_(folder + "/bases"), videos_(folder + "/v"), paths_(paths), random_(7, "hostile corpus") {
    fs::create_directories(bases_);
    fs::create_directories(videos_);
    MakeBases();
    using Make = void (Maker::*)(int);
    const std::vector<Make> makers = {
        &Maker::Damaged,      &Maker::DamagedIndex, &Maker::CutShort,  &Maker::Empty,      &Maker::OtherType,
        &Maker::VariableRate, &Maker::OddSize,      &Maker::Rotated,   &Maker::SoundAlone, &Maker::Closed,
        &Maker::Link,         &Maker::OddName,      &Maker::NotAFile,  &Maker::HoursOfOne, &Maker::Archive,
        &Maker::Playlist,     &Maker::TwoInOne,     &Maker::FewFrames, &Maker::Good,       &Maker::Dark};
    for (int i = 0; i < count; ++i) {
      number_ = std::to_string(1000 + i);
      (this->*makers[i % makers.size()])(i / static_cast<int>(makers.size()));
    }
  }

 private:
  void Ffmpeg(const std::string& arguments, const std::string& output) {
    const std::string command =
        "ffmpeg -hide_banner -loglevel quiet -nostdin -y " + arguments + " '" + bases_ + "/" + output + "'";
    if (std::system(command.c_str()) != 0) throw std::runtime_error(command);
  }
  void MakeBases() {
    const std::string moving = "-f lavfi -i testsrc2=s=192x144:r=25:d=1 ";
    const std::string x264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p ";
    Ffmpeg(moving + x264, "a.mp4");
    Ffmpeg("-i '" + bases_ + "/a.mp4' -c copy", "a.mkv");
    Ffmpeg("-i '" + bases_ + "/a.mp4' -c copy", "a.ts");
    Ffmpeg(moving + "-c:v mpeg4", "a.avi");
    Ffmpeg(moving + "-vf \"select='not(mod(n,3))+lt(n,9)'\" -vsync vfr " + x264, "vfr.mp4");
    Ffmpeg("-i '" + bases_ + "/a.mp4' -c copy -metadata:s:v rotate=90", "rotated.mp4");
    Ffmpeg("-f lavfi -i testsrc2=s=191x131:r=25:d=1 -c:v libx264 -preset ultrafast -pix_fmt yuv444p",
           "odd.mp4");
    Ffmpeg("-f lavfi -i testsrc2=s=1024x16:r=25:d=1 " + x264, "flat.mp4");
    Ffmpeg("-f lavfi -i testsrc2=s=256x256:r=25:d=1 " + x264, "other.ts");
    Ffmpeg("-f lavfi -i sine=d=1 -c:a aac", "sound.mp4");
    Ffmpeg("-f lavfi -i testsrc2=s=192x144:r=1:d=1,loop=28800:1:0,setpts=N/TB -r 1 -g 3000 " + x264,
           "hours.mp4");
    Ffmpeg("-f lavfi -i \"testsrc2=s=192x144:r=25:d=1,lutyuv=y=16+(val-16)/16\" " + x264, "dark.mp4");
  }

  std::string Base(const std::string& name) const { return ReadFile(bases_ + "/" + name); }
  std::string Path(const std::string& name) {
    paths_->push_back(videos_ + "/" + number_ + name);
    return paths_->back();
  }
  void Write(const std::string& name, const std::string& bytes) {
    std::ofstream(Path(name), std::ios::binary) << bytes;
  }
  // With a box at the end that no reader looks at, so that no two files are duplicates.
  std::string UniqueMp4(const std::string& base) const {
    return Base(base) +
           std::string(
               "\0\0\0\x10"
               "free",
               8) +
           number_ + "....";
  }
  void FlipBytes(size_t begin, size_t end, int count, std::string* bytes) {
    for (int k = 0; k < count; ++k) {
      const int at = random_.UniformInt(static_cast<int>(begin), static_cast<int>(end) - 1);
      (*bytes)[at] = static_cast<char>(random_.UniformInt(0, 255));
    }
  }
  std::string AnyBase(int round) const {
    const std::vector<std::string> names = {"a.mp4", "a.mkv", "a.ts", "a.avi"};
    return names[static_cast<size_t>(round) % names.size()];
  }

  void Damaged(int round) {
    std::string bytes = Base(AnyBase(round));
    FlipBytes(bytes.size() / 10, bytes.size(), 1 + 40 * round, &bytes);
    Write(" damaged" + fs::path(AnyBase(round)).extension().string(), bytes);
  }
  void DamagedIndex(int round) {
    std::string bytes = Base(round % 2 == 0 ? "a.mp4" : "a.mkv");
    const bool at_end = round % 2 == 0;
    FlipBytes(at_end ? bytes.size() - 900 : 0, at_end ? bytes.size() : 900, 3 + round, &bytes);
    Write(at_end ? " index.mp4" : " index.mkv", bytes);
  }
  void CutShort(int round) {
    const std::string name = AnyBase(round + 3), bytes = Base(name);
    Write(" cut" + fs::path(name).extension().string(),
          bytes.substr(0, static_cast<size_t>(random_.Uniform(0.001, 0.999) * bytes.size())));
  }
  void Empty(int) { Write(" empty.mp4", ""); }
  void OtherType(int round) {
    const std::vector<std::string> texts = {
        "just text\n",
        "<!DOCTYPE html><html><body>404</body></html>",
        "\x89PNG\r\n\x1a\n" + std::string(100, 'x'),
        "PK\x03\x04" + std::string(100, 'z'),
        std::string(100000, '\0'),
        Base("a.mp4").substr(4),
        std::string("RIFF\xff\xff\xff\xff"
                    "AVI LIST\xff\xff\xff\xff",
                    20),
        std::string("\x1a\x45\xdf\xa3\xff\xff\xff\xff\xff\xff\xff\xff", 12),
        std::string("\0\0\0\1mdat\xff\xff\xff\xff\xff\xff\xff\xff", 16),
        "FLV\1\5\0\0\0\x9" + std::string(64, '\xff')};
    Write(" type.mp4", texts[static_cast<size_t>(round) % texts.size()]);
  }
  void VariableRate(int) { Write(" vfr.mp4", UniqueMp4("vfr.mp4")); }
  void OddSize(int round) { Write(" size.mp4", UniqueMp4(round % 2 == 0 ? "odd.mp4" : "flat.mp4")); }
  void Rotated(int) { Write(" rotated.mp4", UniqueMp4("rotated.mp4")); }
  void SoundAlone(int) { Write(" sound.mp4", Base("sound.mp4")); }
  void Closed(int) {
    Write(" closed.mp4", Base("a.mp4"));
    chmod(paths_->back().c_str(), 0);
  }
  void Link(int round) {
    const std::string name = number_ + " link";
    if (round % 3 == 0) {
      fs::create_symlink(name + ".mp4", Path(" link.mp4"));  // To itself.
    } else if (round % 3 == 1) {
      fs::create_symlink("nowhere.mp4", Path(" link.mp4"));
    } else {
      fs::create_directory_symlink(".", videos_ + "/" + name);  // A folder in itself: nothing to say.
    }
  }
  void OddName(int round) {
    const std::vector<std::string> names = {" line\nbreak.mp4",
                                            " it's \"quoted\".mp4",
                                            " \xc3\xa4\xe4\xbd\xa0\xf0\x9f\x98\x80.mp4",
                                            " caf\xe9.mp4",
                                            "; rm -rf $HOME `id` %s %0A.mp4",
                                            " back\\slash.mp4",
                                            " " + std::string(230, 'n') + ".mp4",
                                            " \x01\x1b[31m.mp4",
                                            " file:,,:concat|.mp4",
                                            "\t.mp4"};
    Write(names[static_cast<size_t>(round) % names.size()], UniqueMp4("a.mp4"));
  }
  void NotAFile(int round) {
    if (round % 3 == 0) {
      mkfifo(Path(" pipe.mp4").c_str(), 0644);
    } else if (round % 3 == 1) {
      fs::create_symlink("/dev/zero", Path(" device.mp4"));
    } else {
      const std::string folder = videos_ + "/" + number_ + " folder.mp4";
      fs::create_directories(folder);
      paths_->push_back(folder + "/a.mp4");
      std::ofstream(paths_->back(), std::ios::binary) << Base("a.mp4");
    }
  }
  void HoursOfOne(int) { Write(" hours.mp4", Base("hours.mp4")); }
  void Archive(int round) {
    const std::string good = TarEntry("x.mp4", Base("vfr.mp4")) + TarEntry("y\n.mp4", "no video");
    const std::vector<std::string> archives = {good + TarEnd(),
                                               good.substr(0, good.size() - 700),
                                               std::string(2000, 't'),
                                               good + std::string(600, 'x')};
    Write(".tar", archives[static_cast<size_t>(round) % archives.size()]);
  }
  void Playlist(int round) {
    const std::vector<std::string> texts = {
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n" + bases_ + "/a.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '" + bases_ + "/a.mp4'\n",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://127.0.0.1:9/x.m3u8\n"};
    Write(" list.mp4", texts[static_cast<size_t>(round) % texts.size()]);
  }
  void TwoInOne(int round) {
    const std::string one = Base("a.ts"), two = Base(round % 2 == 0 ? "other.ts" : "a.mp4");
    Write(" two.ts", round % 4 < 2 ? one + two : two + one);
  }
  void FewFrames(int round) {
    const std::string bytes = Base("a.ts");  // 188 bytes a packet.
    Write(" few.ts", bytes.substr(0, 188 * static_cast<size_t>(4 + 3 * round)));
  }
  void Good(int) { Write(" good.mp4", UniqueMp4("a.mp4")); }
  void Dark(int) { Write(" dark.mp4", Base("dark.mp4")); }

  std::string bases_, videos_, number_;
  std::vector<std::string>* paths_;
  RandomStream random_;
};

}  // namespace

bool MakeHostileCorpus(const std::string& folder, int count, std::vector<std::string>* paths) {
  if (std::system("command -v ffmpeg >/dev/null 2>&1") != 0) return false;
  const Maker maker(folder, count, paths);
  return true;
}

}  // namespace foothold

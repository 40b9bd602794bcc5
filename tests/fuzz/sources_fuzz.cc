// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/error.h"
#include "foothold/corpus/names.h"
#include "foothold/corpus/sources.h"
#include "fuzz/fuzz_targets.h"
#include "fuzz/scratch_file.h"
#include "support/tar_text.h"

namespace foothold::fuzz {

namespace {

// Every id that comes out is a good one, whatever names and lists say.
void Read(const std::string& name, const std::string& data) {
  std::vector<SourceRow> rows;
  try {
    rows = ReadSources({ScratchFile(name, data)});
  } catch (const Error&) {
    return;
  }
  for (const SourceRow& row : rows) {
    FOOTHOLD_CHECK(ProblemOfId(row.unit.id).empty(), "a bad id comes out of a source");
    FOOTHOLD_CHECK(row.unit.end < 0 || row.unit.end > row.unit.begin, "an empty range");
  }
}

void RunCsv(const std::string& data) { Read("f.csv", data); }
void RunJsonl(const std::string& data) { Read("f.jsonl", data); }
void RunTar(const std::string& data) { Read("f.tar", data); }
void RunName(const std::string& data) {
  const std::string id = IdOfName(data);
  FOOTHOLD_CHECK(ProblemOfId(id).empty() && IdOfName(id) == id, "an escaped name is no good id");
}

std::vector<std::string> CsvSeeds() {
  return {"id,path,begin,end,caption\na,v.mp4,0,9,\"x, \"\"y\"\"\"\r\nb,/w.mkv,,,\n",
          "path,id,begin_s,end_s,licence,priority\nv.mp4,c,1.5,2e1,CC0,-3\n"};
}
std::vector<std::string> JsonlSeeds() {
  return {
      "{\"id\":\"a\",\"path\":\"v.mp4\",\"begin\":1,\"end\":9,\"caption\":\"\\u00fc\"}\n"
      "{\"id\":\"b\",\"path\":\"w.mp4\",\"begin_s\":0.5,\"license\":\"MIT\",\"priority\":2}\n"};
}
std::vector<std::string> TarSeeds() {
  return {TarEntry("a.mp4", "video") + TarEntry("a.json", "{\"caption\":\"x\"}") +
          TarEntry("pax", "22 path=d/long name.x\n9 size=3\n", 'x') + TarEntry("b", "abc") +
          TarEntry(std::string(120, 'n') + ".mp4", "") + TarEnd()};
}
std::vector<std::string> NameSeeds() {
  return {"a/b.mp4", "x\n\xff\\/.y", std::string(300, 'z'), "\xc3\xa4/\xf0\x9f\x98\x80"};
}

}  // namespace

const FuzzTarget kCsvList = {"csv list", RunCsv, CsvSeeds};
const FuzzTarget kJsonList = {"json list", RunJsonl, JsonlSeeds};
const FuzzTarget kTar = {"tar", RunTar, TarSeeds};
const FuzzTarget kFileName = {"file name", RunName, NameSeeds};

}  // namespace foothold::fuzz

// SPDX-License-Identifier: Apache-2.0
#include "labels/npz.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "foothold/base/error.h"
#include "foothold/base/random.h"
#include "labels/body_file.h"

namespace foothold::labels {
namespace {

using Bytes = std::vector<uint8_t>;

void Put(Bytes* bytes, uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes->push_back(i < 8 ? static_cast<uint8_t>(value >> (8 * i)) : 0);
}
void Put(Bytes* bytes, const std::string& text) { bytes->insert(bytes->end(), text.begin(), text.end()); }

template <class T>
Bytes MakeNpy(const std::string& descr,
              const std::string& shape,
              const std::vector<T>& values,
              bool fortran = false) {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") +
                       ", 'shape': " + shape + ", }";
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  Bytes npy;
  Put(&npy, std::string("\x93NUMPY\x01", 7) + std::string(1, '\0'));
  Put(&npy, header.size(), 2);
  Put(&npy, header);
  const auto* data = reinterpret_cast<const uint8_t*>(values.data());
  npy.insert(npy.end(), data, data + values.size() * sizeof(T));
  return npy;
}

Bytes Deflate(const Bytes& data) {
  Bytes packed(data.size() + data.size() / 100 + 64);
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = const_cast<uint8_t*>(data.data());
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// A zip file as numpy writes it: local headers with a 20-byte zip64 extra field, sizes in the directory.
class ZipWriter {
 public:
  void Add(const std::string& key, const Bytes& npy, bool deflated) {
    const std::string name = key + ".npy";
    const Bytes packed = deflated ? Deflate(npy) : npy;
    const uint32_t crc = static_cast<uint32_t>(crc32(0, npy.data(), static_cast<uInt>(npy.size())));
    const size_t offset = bytes_.size();
    Put(&bytes_, 0x04034b50, 4);
    Put(&bytes_, 45, 2);
    Put(&bytes_, 0, 2);
    Put(&bytes_, deflated ? 8 : 0, 2);
    Put(&bytes_, 0, 4);
    Put(&bytes_, crc, 4);
    Put(&bytes_, 0xffffffff, 4);
    Put(&bytes_, 0xffffffff, 4);
    Put(&bytes_, name.size(), 2);
    Put(&bytes_, 20, 2);
    Put(&bytes_, name);
    Put(&bytes_, 0x0001, 2);
    Put(&bytes_, 16, 2);
    Put(&bytes_, npy.size(), 8);
    Put(&bytes_, packed.size(), 8);
    bytes_.insert(bytes_.end(), packed.begin(), packed.end());

    Put(&directory_, 0x02014b50, 4);
    Put(&directory_, 45, 2);
    Put(&directory_, 45, 2);
    Put(&directory_, 0, 2);
    Put(&directory_, deflated ? 8 : 0, 2);
    Put(&directory_, 0, 4);
    Put(&directory_, crc, 4);
    Put(&directory_, packed.size(), 4);
    Put(&directory_, npy.size(), 4);
    Put(&directory_, name.size(), 2);
    Put(&directory_, 0, 12);
    Put(&directory_, offset, 4);
    Put(&directory_, name);
    ++count_;
  }
  Bytes Finish() const {
    Bytes zip = bytes_;
    zip.insert(zip.end(), directory_.begin(), directory_.end());
    Put(&zip, 0x06054b50, 4);
    Put(&zip, 0, 4);
    Put(&zip, count_, 2);
    Put(&zip, count_, 2);
    Put(&zip, directory_.size(), 4);
    Put(&zip, bytes_.size(), 4);
    Put(&zip, 0, 2);
    return zip;
  }

 private:
  Bytes bytes_, directory_;
  size_t count_ = 0;
};

template <class Call>
std::string MessageOf(Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    return error.what();
  }
  return "no error";
}

NumericArray ParseNpyBytes(const Bytes& npy) { return ParseNpy(npy.data(), npy.size(), "a.npz[x]"); }

TEST(Npy, ReadsNumbersOfEveryType) {
  const std::vector<double> expected = {1, 2, 250};
  const auto values = [](const Bytes& npy) { return ParseNpyBytes(npy).values; };
  EXPECT_EQ(values(MakeNpy<double>("<f8", "(3,)", {1, 2, 250})), expected);
  EXPECT_EQ(values(MakeNpy<float>("<f4", "(3,)", {1, 2, 250})), expected);
  EXPECT_EQ(values(MakeNpy<int64_t>("<i8", "(3,)", {1, 2, 250})), expected);
  EXPECT_EQ(values(MakeNpy<int32_t>("<i4", "(3,)", {1, 2, 250})), expected);
  EXPECT_EQ(values(MakeNpy<uint32_t>("<u4", "(3,)", {1, 2, 250})), expected);
  EXPECT_EQ(values(MakeNpy<uint16_t>("<u2", "(3,)", {1, 2, 250})), expected);
  EXPECT_EQ(values(MakeNpy<uint8_t>("|u1", "(3,)", {1, 2, 250})), expected);
  EXPECT_EQ(values(MakeNpy<int8_t>("|i1", "(1,)", {-3})), std::vector<double>{-3});
  EXPECT_EQ(ParseNpyBytes(MakeNpy<double>("<f8", "()", {7})).shape, std::vector<size_t>{});
}

TEST(Npy, ReordersFortranArrays) {
  // [[1, 2, 3], [4, 5, 6]] by columns, and a 2 x 2 x 2 array whose value is its row-major index.
  const NumericArray flat = ParseNpyBytes(MakeNpy<double>("<f8", "(2, 3)", {1, 4, 2, 5, 3, 6}, true));
  EXPECT_EQ(flat.values, (std::vector<double>{1, 2, 3, 4, 5, 6}));
  const NumericArray cube =
      ParseNpyBytes(MakeNpy<int32_t>("<i4", "(2, 2, 2)", {0, 4, 2, 6, 1, 5, 3, 7}, true));
  EXPECT_EQ(cube.values, (std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(Npy, RefusesWhatItCannotRead) {
  const std::string big_endian = MessageOf([] { ParseNpyBytes(MakeNpy<double>(">f8", "(1,)", {1})); });
  EXPECT_NE(big_endian.find("big-endian"), std::string::npos) << big_endian;
  const std::string objects = MessageOf([] { ParseNpyBytes(MakeNpy<double>("|O", "(1,)", {1})); });
  EXPECT_NE(objects.find("convert_smpl_pkl.py"), std::string::npos) << objects;
  const std::string complex = MessageOf([] { ParseNpyBytes(MakeNpy<double>("<c8", "(1,)", {1})); });
  EXPECT_NE(complex.find("'<c8' is not supported"), std::string::npos) << complex;
  const std::string short_data = MessageOf([] { ParseNpyBytes(MakeNpy<double>("<f8", "(2,)", {1})); });
  EXPECT_NE(short_data.find("more bytes than the file holds"), std::string::npos) << short_data;
  const std::string huge =
      MessageOf([] { ParseNpyBytes(MakeNpy<double>("<f8", "(4294967296, 4294967296, 3)", {1})); });
  EXPECT_NE(huge.find("more bytes than the file holds"), std::string::npos) << huge;
  const std::string shape = MessageOf([] { ParseNpyBytes(MakeNpy<double>("<f8", "(-1,)", {1})); });
  EXPECT_NE(shape.find("not a tuple of sizes"), std::string::npos) << shape;
  const std::string other = MessageOf([] { ParseNpyBytes(Bytes(100, 'x')); });
  EXPECT_NE(other.find("not a npy array"), std::string::npos) << other;
}

Bytes SmallArchive() {
  ZipWriter zip;
  zip.Add("stored", MakeNpy<double>("<f8", "(2, 2)", {1, 2, 3, 4}), false);
  zip.Add("deflated", MakeNpy<float>("<f4", "(500,)", std::vector<float>(500, 0.5f)), true);
  zip.Add("objects", MakeNpy<uint8_t>("|O", "(1,)", {0}), false);
  return zip.Finish();
}

TEST(Npz, ReadsStoredAndDeflatedEntries) {
  const NpzArchive archive(SmallArchive(), "a.npz");
  EXPECT_EQ(archive.Keys(), (std::vector<std::string>{"deflated", "objects", "stored"}));
  EXPECT_EQ(archive.Read("stored").values, (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(archive.Read("deflated").values, std::vector<double>(500, 0.5));
  EXPECT_EQ(archive.Read("deflated").shape, std::vector<size_t>{500});
}

TEST(Npz, NamesAMissingKey) {
  const NpzArchive archive(SmallArchive(), "a.npz");
  const std::string message = MessageOf([&] { archive.Read("weights"); });
  EXPECT_NE(message.find("a.npz: has no array 'weights'; it has: deflated, objects, stored"),
            std::string::npos)
      << message;
}

TEST(Npz, EveryTruncationIsAnError) {
  const Bytes whole = SmallArchive();
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string message = MessageOf([&] {
      const NpzArchive archive(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)),
                               "a.npz");
      archive.Read("stored");
    });
    EXPECT_NE(message, "no error") << size;
    EXPECT_NE(message.find("a.npz"), std::string::npos) << size << ": " << message;
  }
}

// Flipped bytes give the right values or an error that names the file: never another value, a crash or
// a read out of bounds (the sanitizer presets run this test too).
TEST(Npz, FlippedBytesNeverChangeValues) {
  const Bytes whole = SmallArchive();
  RandomStream random(5, "npz flips");
  for (int trial = 0; trial < 4000; ++trial) {
    Bytes damaged = whole;
    const int flips = random.UniformInt(1, 3);
    for (int i = 0; i < flips; ++i) {
      damaged[static_cast<size_t>(random.UniformInt(0, static_cast<int>(whole.size()) - 1))] ^=
          static_cast<uint8_t>(random.UniformInt(1, 255));
    }
    try {
      const NpzArchive archive(damaged, "a.npz");
      for (const std::string& key : archive.Keys()) {
        const NumericArray array = archive.Read(key);
        if (array.values.size() == 4) {
          EXPECT_EQ(array.values, (std::vector<double>{1, 2, 3, 4}));
        } else {
          EXPECT_EQ(array.values, std::vector<double>(500, 0.5));
        }
      }
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("a.npz"), std::string::npos);
    }
  }
}

// A tiny SMPL-layout model: two triangles a foot, everything else on the pelvis.
struct TinySmpl {
  static constexpr size_t kVertices = 12;
  std::vector<double> v_template = std::vector<double>(kVertices * 3);
  std::vector<double> shape_dirs = std::vector<double>(kVertices * 3 * 12);
  std::vector<float> pose_dirs = std::vector<float>(kVertices * 3 * 207);
  std::vector<double> regressor = std::vector<double>(24 * kVertices);
  std::vector<double> weights = std::vector<double>(kVertices * 24);
  std::vector<uint32_t> kintree = std::vector<uint32_t>(48);
  std::vector<uint32_t> faces = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  std::string weights_type = "<f8";
  std::string skipped_key;

  TinySmpl() {
    const uint32_t parents[24] = {0xffffffff, 0, 0, 0,  1,  2,  3,  4,  5,  6,  7,  8,
                                  9,          9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21};
    for (size_t k = 0; k < 24; ++k) {
      kintree[k] = parents[k];
      kintree[24 + k] = static_cast<uint32_t>(k);
      regressor[k * kVertices + k % kVertices] = 1;
    }
    for (size_t v = 0; v < kVertices; ++v) {
      const size_t joint = v < 4 ? 7 : v < 8 ? 11 : 0;
      weights[v * 24 + joint] = 0.75;
      weights[v * 24 + 3] = 0.25;
      v_template[3 * v] = v < 4 ? 0.1 : -0.1;
      v_template[3 * v + 1] = -1 + 0.015 * static_cast<double>(v % 4);
      v_template[3 * v + 2] = 0.05 * static_cast<double>(v % 4);
      for (size_t i = 0; i < 36; ++i) shape_dirs[36 * v + i] = static_cast<double>(36 * v + i) * 1e-4;
      for (size_t i = 0; i < 621; ++i) pose_dirs[621 * v + i] = static_cast<float>(621 * v + i) * 1e-6f;
    }
  }

  Bytes Npz(bool deflated) const {
    ZipWriter zip;
    const auto add = [&](const std::string& key, const Bytes& npy) {
      if (key != skipped_key) zip.Add(key, npy, deflated);
    };
    add("v_template", MakeNpy("<f8", "(12, 3)", v_template));
    add("shapedirs", MakeNpy("<f8", "(12, 3, 12)", shape_dirs));
    add("posedirs", MakeNpy("<f4", "(12, 3, 207)", pose_dirs));
    add("J_regressor", MakeNpy("<f8", "(24, 12)", regressor));
    add("weights", MakeNpy(weights_type, "(12, 24)", weights));
    add("kintree_table", MakeNpy("<u4", "(2, 24)", kintree));
    add("f", MakeNpy("<u4", "(4, 3)", faces));
    return zip.Finish();
  }
};

TEST(BodyNpz, LoadsASmplModel) {
  const TinySmpl smpl;
  for (const bool deflated : {false, true}) {
    const BodyModel model = ParseBodyNpz(smpl.Npz(deflated), "tiny.npz");
    EXPECT_EQ(model.num_vertices, 12);
    EXPECT_EQ(model.num_shape, 10);  // Of the file's twelve.
    EXPECT_EQ(model.skin_width, 2);
    EXPECT_EQ(model.parents[0], -1);
    EXPECT_EQ(model.parents[23], 21);
    EXPECT_EQ(model.skin_joints[2 * 5], 11);
    EXPECT_EQ(model.skin_weights[2 * 5], 0.75f);
    EXPECT_EQ(model.skin_joints[2 * 5 + 1], 3);
    // Direction s of vertex v, axis c is entry (v, c, s) of the file.
    EXPECT_FLOAT_EQ(model.shape_dirs_m[3 * 10 + 7][2], static_cast<float>(36 * 3 + 12 * 2 + 7) * 1e-4f);
    EXPECT_FLOAT_EQ(model.pose_dirs_m[3 * 207 + 100][1], static_cast<float>(621 * 3 + 207 * 1 + 100) * 1e-6f);
    // The regressor of joint k picks vertex k mod 12.
    EXPECT_NEAR(model.joint_template_m[14][1], smpl.v_template[3 * 2 + 1], 1e-6);
    EXPECT_NEAR(model.joint_dirs_m[14][4][0], smpl.shape_dirs[36 * 2 + 4], 1e-6);
    // 2 cm above the lowest: the first two of the four vertices of each foot.
    EXPECT_EQ(model.sole_vertices[0], (std::vector<int>{0, 1}));
    EXPECT_EQ(model.sole_vertices[1], (std::vector<int>{4, 5}));
    EXPECT_EQ(model.foot_vertices, (std::array<int, 4>{0, 1, 4, 5}));
  }
  EXPECT_EQ(ParseBodyNpz(smpl.Npz(true), "a").content_hash, ParseBodyNpz(smpl.Npz(false), "b").content_hash);
}

TEST(BodyNpz, HashTellsModelsApart) {
  const TinySmpl smpl;
  TinySmpl other;
  other.pose_dirs[5] += 1e-3f;
  EXPECT_NE(ParseBodyNpz(smpl.Npz(true), "a").content_hash, ParseBodyNpz(other.Npz(true), "b").content_hash);
}

TEST(BodyNpz, NamesWhatIsWrong) {
  const auto message_of = [](const TinySmpl& smpl) {
    return MessageOf([&] { ParseBodyNpz(smpl.Npz(true), "tiny.npz"); });
  };
  TinySmpl missing;
  missing.skipped_key = "weights";
  EXPECT_NE(message_of(missing).find("tiny.npz: has no array 'weights'"), std::string::npos);
  TinySmpl objects;
  objects.weights_type = "|O";
  EXPECT_NE(message_of(objects).find("tiny.npz[weights]: holds pickled Python objects"), std::string::npos);
  TinySmpl not_finite;
  not_finite.v_template[4] = std::nan("");
  EXPECT_NE(message_of(not_finite).find("v_template holds a value that is not finite"), std::string::npos);
  TinySmpl weights;
  weights.weights[7] = 0.5;
  EXPECT_NE(message_of(weights).find("weights of vertex 0 do not sum to one"), std::string::npos);
  TinySmpl cycle;
  cycle.kintree[4] = 9;
  EXPECT_NE(message_of(cycle).find("parent of joint 4 must come before it"), std::string::npos);
  TinySmpl face;
  face.faces[0] = 12;
  EXPECT_NE(message_of(face).find("triangle 0 names a vertex that does not exist"), std::string::npos);
  TinySmpl no_correctives;
  no_correctives.skipped_key = "posedirs";
  EXPECT_TRUE(ParseBodyNpz(no_correctives.Npz(true), "tiny.npz").pose_dirs_m.empty());
}

TEST(BodyFile, NamesMissingAndForeignFiles) {
  EXPECT_NE(MessageOf([] { ReadBodyModel("/no/such.npz"); }).find("/no/such.npz: no such body model"),
            std::string::npos);
  const std::string path = testing::TempDir() + "model.pkl";
  std::ofstream(path) << "pickle";
  EXPECT_NE(MessageOf([&] { ReadBodyModel(path); }).find("convert_smpl_pkl.py"), std::string::npos);
  const std::string text = testing::TempDir() + "model.h5";
  std::ofstream(text) << "not HDF5";
  EXPECT_NE(MessageOf([&] { ReadBodyModel(text); }).find("model.h5"), std::string::npos);
  std::filesystem::remove(path);
  std::filesystem::remove(text);
}

}  // namespace
}  // namespace foothold::labels

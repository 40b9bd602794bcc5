// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "foothold/scene/body.h"
#include "foothold/scene/clip.h"
#include "foothold/scene/image.h"
#include "foothold/scene/observations.h"
#include "labels/hdf5.h"

namespace foothold::labels {

// Pieces that label and observation files share. Reading throws Error(kBadInput).

// Root attributes "format" and "version".
void WriteFormat(Hdf5Writer* writer, const std::string& name, int version);
void RequireFormat(const Hdf5Reader& reader, const std::string& name, int newest_version);

// Every member of `group` is one of `known`, or "extra", which is the users' own: a misspelt dataset
// must not pass for an absent one.
void RequireKnown(const Hdf5Reader& reader, const std::string& group, const std::vector<std::string>& known);

// Group clip.
void WriteClip(Hdf5Writer* writer, const Clip& clip);
Clip ReadClip(const Hdf5Reader& reader);

// `<name>_rotation` [N, 4] wxyz and `<name>_translation_m` [N, 3].
void WriteRigids(Hdf5Writer* writer, const std::string& name, const std::vector<Rigid3d>& rigids);
std::vector<Rigid3d> ReadRigids(const Hdf5Reader& reader, const std::string& name);

// `<name>_rotation` [N, 24, 4] wxyz, joint 0 the root, and `<name>_translation_m` [N, 3].
void WriteBodies(Hdf5Writer* writer, const std::string& name, const std::vector<BodyPose>& bodies);
std::vector<BodyPose> ReadBodies(const Hdf5Reader& reader, const std::string& name);

void WriteBoxes(Hdf5Writer* writer, const std::string& name, const std::vector<Box>& boxes);
std::vector<Box> ReadBoxes(const Hdf5Reader& reader, const std::string& name);

void WriteShape(Hdf5Writer* writer, const std::string& name, const BodyShape& shape);
BodyShape ReadShape(const Hdf5Reader& reader, const std::string& name);

// Scalars 0 or 1.
void WriteBool(Hdf5Writer* writer, const std::string& name, bool value);
bool ReadBool(const Hdf5Reader& reader, const std::string& name);

// Absent dataset: no flags.
std::vector<std::string> ReadFlags(const Hdf5Reader& reader, const std::string& name);

// Length of the first dimension of `name`; throws unless the others are `rest`.
size_t CountRows(const Hdf5Reader& reader, const std::string& name, const Hdf5Shape& rest);

// Throws Error(kBadInput) "<origin>: <dataset>: <what>".
[[noreturn]] void FailDataset(const Hdf5Reader& reader, const std::string& dataset, const std::string& what);

}  // namespace foothold::labels

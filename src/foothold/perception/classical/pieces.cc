// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/pieces.h"

namespace foothold {

void PutPiece(const PersonTrack& piece, ByteWriter* writer) {
  writer->Put(piece.id).Put(piece.frames).Put(piece.boxes_px).Put(piece.scores).Put(piece.detected);
  writer->Put(piece.flags);
}

void GetPiece(ByteReader* reader, PersonTrack* piece) {
  reader->Get(&piece->id).Get(&piece->frames).Get(&piece->boxes_px).Get(&piece->scores);
  reader->Get(&piece->detected).Get(&piece->flags);
}

void PutPiece(const FeatureTrack& piece, ByteWriter* writer) {
  writer->Put(piece.first_frame).Put(piece.positions_px);
}

void GetPiece(ByteReader* reader, FeatureTrack* piece) {
  reader->Get(&piece->first_frame).Get(&piece->positions_px);
}

void PutPiece(const CameraSolution& piece, ByteWriter* writer) {
  const LensCalibration& lens = piece.calibration;
  writer->Put(piece.lens).Put(piece.focal_observable).Put(piece.world_from_cam).Put(piece.points_in_world);
  writer->Put(piece.rms_px).Put(piece.p80_px).Put(piece.flags);
  writer->Put(lens.lens).Put(lens.focal_observable).Put(lens.cost_per_observation);
  writer->Put(lens.cost_ratio_low).Put(lens.cost_ratio_high).Put(lens.starts);
}

void GetPiece(ByteReader* reader, CameraSolution* piece) {
  LensCalibration& lens = piece->calibration;
  reader->Get(&piece->lens).Get(&piece->focal_observable);
  reader->Get(&piece->world_from_cam).Get(&piece->points_in_world);
  reader->Get(&piece->rms_px).Get(&piece->p80_px).Get(&piece->flags);
  reader->Get(&lens.lens).Get(&lens.focal_observable).Get(&lens.cost_per_observation);
  reader->Get(&lens.cost_ratio_low).Get(&lens.cost_ratio_high).Get(&lens.starts);
}

}  // namespace foothold

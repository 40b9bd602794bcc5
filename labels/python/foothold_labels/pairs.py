# SPDX-License-Identifier: Apache-2.0
"""Pairs of frames with one person, as a trainer of a two-image model wants them."""

import numpy as np

from .geometry import rotation_matrices, rotation_vectors
from .label import open_label


class FramePairs:
    """Map-style dataset for torch.utils.data.DataLoader (which makes tensors of the arrays), without needing
    PyTorch itself. Sample: a person at a keyframe, and the same person `gap` frames later.

    labels: paths. gap: frames from image 1 to image 2. min_confidence: of the person in both frames.
    min_point_confidence: depths with less are unknown. read_frame(label, frame) -> array: the picture of a
    frame of the clip, or None for samples without pictures. Files are opened per sample, so that workers
    of a DataLoader share nothing.

    Arrays of a sample, float32; frames of reference and units as in docs/student_data.md, at the label's own
    working size:
      rel_translation [3], rel_rotation [6]            motion in the parameters of the body
      rotation1, rotation2 [6]; translation1, 2 [3]    of the body in the camera of its image
      shape [10]; pose [2, 23, 3] axis-angle
      box_px [2, 4] x1, y1, x2, y2 from the picture's corner; NaN where the label has no boxes
      contact [2, 4] left toe, right toe, left heel, right heel; 0 where the label does not know
      points [2, H, W, 3]; points_mask [2, H, W]       pointmaps, known at keyframes
      frame [2]; person, label: index of person, of label
      images [2, ...]                                  with read_frame
    """

    def __init__(self, labels, gap=5, min_confidence=0.5, min_point_confidence=0.1, read_frame=None):
        self.labels = [str(path) for path in labels]
        self.gap = gap
        self.min_point_confidence = min_point_confidence
        self.read_frame = read_frame
        self.left_out = {"low_confidence": 0, "no_partner": 0}
        self._samples = []  # (label, person, entry of image 1, entry of image 2)
        for index, path in enumerate(self.labels):
            with open_label(path) as label:
                self._add(index, label, min_confidence)

    def __len__(self):
        return len(self._samples)

    def __getitem__(self, index):
        label_index, person_index, *entries = self._samples[index]
        with open_label(self.labels[label_index]) as label:
            person = label.people[person_index]
            sample = {"label": label_index, "person": person_index, "frame": person.frame[entries]}
            sample.update(_targets(label, person, entries))
            sample.update(self._pointmaps(label, sample["frame"]))
            if self.read_frame is not None:
                sample["images"] = np.stack([self.read_frame(label, int(frame)) for frame in sample["frame"]])
            return sample

    def _add(self, index, label, min_confidence):
        keyframes = set(label.keyframes.tolist())
        for p, person in enumerate(label.people):
            entry_of = {int(frame): entry for entry, frame in enumerate(person.frame)}
            for frame, entry in entry_of.items():
                if frame not in keyframes:
                    continue
                partner = entry_of.get(frame + self.gap)
                if partner is None:
                    self.left_out["no_partner"] += 1
                elif min(person.confidence[entry], person.confidence[partner]) < min_confidence:
                    self.left_out["low_confidence"] += 1
                else:
                    self._samples.append((index, p, entry, partner))

    def _pointmaps(self, label, frames):
        width, height = label.clip.working_size_px
        points = np.zeros((2, height, width, 3), "f4")
        mask = np.zeros((2, height, width), bool)
        keyframes = label.keyframes.tolist()
        for image, frame in enumerate(frames):
            if int(frame) in keyframes:
                depth = label.depth(keyframes.index(int(frame)))
                points[image] = depth.points_in_cam(label.camera)
                mask[image] = (depth.depth_m > 0) & (depth.confidence > 0)
                mask[image] &= depth.confidence >= self.min_point_confidence
        return {"points": points, "points_mask": mask}


def _rows(matrix):
    """First two rows of a rotation matrix, [6]."""
    return matrix[:2].reshape(6).astype("f4")


def _targets(label, person, entries):
    root_from_world = rotation_matrices(person.rotation[entries[0], 0]).T
    turn = root_from_world @ rotation_matrices(person.rotation[entries[1], 0])
    shift = root_from_world @ (person.translation_m[entries[1]] - person.translation_m[entries[0]])
    targets = {
        "rel_rotation": _rows(turn),
        "rel_translation": shift.astype("f4"),
        "shape": person.shape.astype("f4"),
        "pose": rotation_vectors(person.rotation[entries, 1:]).astype("f4"),
        "box_px": np.full((2, 4), np.nan, "f4"),
        "contact": np.zeros((2, 4), "f4"),
    }
    for image, entry in enumerate(entries):
        rotation, translation = person.in_camera(label.camera, entry)
        targets[f"rotation{image + 1}"] = _rows(rotation)
        targets[f"translation{image + 1}"] = translation.astype("f4")
        if person.box_px is not None:
            x, y, width, height = person.box_px[entry]
            targets["box_px"][image] = x, y, x + width, y + height
        if person.foot_contact is not None:
            targets["contact"][image] = person.foot_contact[entry, [1, 3, 0, 2]]
    return targets

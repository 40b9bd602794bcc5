# SPDX-License-Identifier: Apache-2.0
"""Foothold's label files for Python: docs/label_schema.md describes them, README.md shows the use."""

from .geometry import rotation_matrices, rotation_vectors
from .label import Camera, Clip, Depth, Label, LabelError, Person, find_labels, open_label
from .pairs import FramePairs

__all__ = [
    "Camera", "Clip", "Depth", "FramePairs", "Label", "LabelError", "Person",
    "find_labels", "open_label", "rotation_matrices", "rotation_vectors",
]

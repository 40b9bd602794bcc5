# SPDX-License-Identifier: Apache-2.0
"""Rotations. Quaternions are w, x, y, z and unit."""

import numpy as np


def rotation_matrices(quaternions):
    """[..., 4] -> [..., 3, 3]."""
    w, x, y, z = np.moveaxis(np.asarray(quaternions, "f8"), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def rotation_vectors(quaternions):
    """[..., 4] -> [..., 3]: axis times angle, radians, angle 0 to pi. SMPL's pose."""
    q = np.asarray(quaternions, "f8")
    q = np.where(q[..., :1] < 0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, q[..., :1])
    # Near zero, angle / sine goes to 2.
    return q[..., 1:] * np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2.0)

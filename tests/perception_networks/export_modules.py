# SPDX-License-Identifier: Apache-2.0
"""Exports stub networks as docs/networks.md says: detect as TorchScript by tracing, body as a package.

    python3 export_modules.py FOLDER
"""

import sys

import torch


class Detector(torch.nn.Module):
    """One box in a picture of 160 x 96; logits."""

    def forward(self, images):
        box = torch.tensor([48.0, 19.2, 96.0, 86.4])
        zero = 0 * images.mean([1, 2, 3]).view(-1, 1)
        return zero.view(-1, 1, 1) + box.view(1, 1, 4), zero + 2.2


class Detect(torch.nn.Module):
    def __init__(self, detector):
        super().__init__()
        self.detector = detector
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, images):
        boxes, logits = self.detector((images - self.mean) / self.std)
        return boxes, logits.sigmoid()


class Body(torch.nn.Module):
    def forward(self, crops):
        zero = 0 * crops.mean([1, 2, 3])
        root = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
        joints = torch.eye(3).repeat(23, 1, 1)
        rotations = torch.cat([root.view(1, 3, 3), joints]) + zero.view(-1, 1, 1, 1)
        return rotations, torch.zeros(10) + zero.view(-1, 1), torch.tensor([0.9, 0.0, 0.0]) + zero.view(-1, 1)


folder = sys.argv[1]
example = torch.rand(2, 3, 96, 160)
torch.jit.save(torch.jit.trace(Detect(Detector()).eval(), example), folder + "/detect.pt")
program = torch.export.export(Body().eval(), (torch.rand(4, 3, 64, 64),))  # N is 4.
torch._inductor.aoti_compile_and_package(program, package_path=folder + "/body.pt2")

# SPDX-License-Identifier: Apache-2.0
"""Reads the folder that JOSH leaves behind, for scripts/convert_josh_folder.py. docs/josh_import.md describes it."""


class Problem(Exception):
    """What is wrong with the folder, for the user: file, field, remedy."""

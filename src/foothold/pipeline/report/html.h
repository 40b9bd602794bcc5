// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "foothold/scene/image.h"

namespace foothold::report {

using Rgb = std::array<uint8_t, 3>;

// Colour of the i-th person of a clip, the same in pictures, plots and the 3D view; readable on a light
// and on a dark page.
Rgb PersonColor(int index);
std::string HexColor(const Rgb& color);

// Text for an element or a double-quoted attribute.
std::string EscapeHtml(const std::string& text);
std::string Base64(const void* data, size_t size_bytes);

// `value` with `decimals` places; "–" when it is not finite.
std::string Number(double value, int decimals);

// <img> with the picture inside it as a JPEG; `image_rgb` must not be empty.
std::string JpegElement(const ImageU8& image_rgb, const std::string& alternative_text);

}  // namespace foothold::report

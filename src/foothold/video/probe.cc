// SPDX-License-Identifier: Apache-2.0
#include "foothold/video/video.h"

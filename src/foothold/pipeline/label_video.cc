// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/label_video.h"

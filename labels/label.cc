// SPDX-License-Identifier: Apache-2.0
#include "labels/label.h"

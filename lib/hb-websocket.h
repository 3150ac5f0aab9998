/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#define HB_INSIDE
#include "hb-enums.h"
#include "hb-error.h"
#include "hb-message.h"
#include "hb-metrics.h"
#include "hb-version-macros.h"
#include "hb-websocket-version.h"
#include "hb-websocket-task.h"
#undef HB_INSIDE

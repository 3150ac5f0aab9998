/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "heartbeats.h"

/* Timeouts in milliseconds, long enough for a machine that runs many such clients at once */
#define CLIENT_PING    200
#define CLIENT_TIMEOUT 1500

#define COMMAND_CLOSE "close"
#define COMMAND_BLOCK "block "

#define WORD_ASLEEP "asleep"
#define WORD_AWAKE  "awake"

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-message.h"

G_BEGIN_DECLS

HbMessage *hb_message_new (SoupWebsocketDataType  type,
                           GBytes                *bytes);

G_END_DECLS

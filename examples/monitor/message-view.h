/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <adwaita.h>

#include "monitor-message.h"

G_BEGIN_DECLS

/* The list of the last messages. The list scrolls to each new message, except while the user has
 * scrolled up. */
#define MESSAGE_TYPE_VIEW (message_view_get_type ())

G_DECLARE_FINAL_TYPE (MessageView, message_view, MESSAGE, VIEW, AdwBin)

void message_view_push  (MessageView    *self,
                         MonitorMessage *message);
void message_view_clear (MessageView    *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gtk/gtk.h>

#include "monitor-message.h"

G_BEGIN_DECLS

/* A row of the list of messages, which shows the message in its property “message” */
#define MESSAGE_TYPE_ROW (message_row_get_type ())

G_DECLARE_FINAL_TYPE (MessageRow, message_row, MESSAGE, ROW, GtkWidget)

G_END_DECLS

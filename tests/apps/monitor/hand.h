/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "monitor-fixture.h"

G_BEGIN_DECLS

/* The width of a phone's screen, in pixels */
#define HAND_NARROW 360

/* Functions that use the window as a person does. hand_flood () uses the task instead, and
 * hand_write_in_vain () also stops the server. */
void hand_click         (GtkWidget      *button);
void hand_open          (MonitorFixture *self);
void hand_open_unready  (MonitorFixture *self);
void hand_write         (MonitorFixture *self,
                         const char     *text);
void hand_write_in_vain (MonitorFixture *self);
void hand_flood         (MonitorFixture *self,
                         const char     *word,
                         guint           n_messages);
void hand_type          (MonitorFixture *self,
                         const char     *keys);
void hand_make_narrow   (MonitorFixture *self);

G_END_DECLS

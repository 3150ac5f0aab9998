/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "monitor-fixture.h"
#include "monitor-message.h"

G_BEGIN_DECLS

/* Functions that read what the window shows, wait until it is drawn, and take pictures of it */
const char           *eye_get_text     (GtkWidget      *label);
gboolean              eye_shows        (GtkWidget      *label,
                                        const char     *text);
gboolean              eye_has_banner   (MonitorFixture *self);
gboolean              eye_lists        (MonitorFixture *self,
                                        const char     *text);
guint                 eye_get_n_rows   (MonitorFixture *self);
MonitorMessageStatus  eye_get_status   (MonitorFixture *self,
                                        guint           position);
void                  eye_await_frame  (MonitorFixture *self);
double                eye_take_picture (MonitorFixture *self,
                                        GtkWidget      *widget,
                                        const char     *name);

G_END_DECLS

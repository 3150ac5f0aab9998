/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <adwaita.h>
#include <hb-websocket.h>

G_BEGIN_DECLS

#define MONITOR_TYPE_WINDOW (monitor_window_get_type ())

G_DECLARE_FINAL_TYPE (MonitorWindow, monitor_window, MONITOR, WINDOW, AdwApplicationWindow)

MonitorWindow   *monitor_window_new      (GtkApplication *application,
                                          const char     *address);
HbWebsocketTask *monitor_window_get_task (MonitorWindow  *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <hb-websocket.h>

#include "monitor-application.h"
#include "monitor-window.h"

G_BEGIN_DECLS

/* Runs the main loop until @condition holds. The test fails if that takes too long. */
#define wait_until(condition) \
  G_STMT_START { \
    gint64 deadline_ = monitor_fixture_get_deadline (); \
    while (!(condition)) \
      monitor_fixture_iterate (deadline_, #condition, G_STRLOC); \
  } G_STMT_END

/* The application with one window, and a server in a process of its own */
typedef struct
{
  MonitorApplication *application; /* (owned) */
  MonitorWindow      *window;
  HbWebsocketTask    *task;        /* (owned) */
  GSubprocess        *server;      /* (owned) (nullable) */

  /* (owned): kept when the server is stopped */
  char               *server_address;

  GtkWidget          *address;
  GtkWidget          *connect;
  GtkWidget          *message;
  GtkWidget          *send;
  GtkWidget          *banner;
  GtkWidget          *button;      /* of the banner */
  GtkWidget          *state;
  GtkWidget          *detail;
  GtkWidget          *pause;
  GtkWidget          *latency;
  GtkWidget          *queued;
  GtkWidget          *sent;
  GtkWidget          *received;
  GtkWidget          *plot;
  GtkWidget          *list;
  GtkWidget          *scroller;
  GtkWidget          *follow;
  GtkWidget          *stack;
} MonitorFixture;

void       monitor_fixture_init         (int             *argc,
                                         char          ***argv);
void       monitor_fixture_add          (const char      *path,
                                         void           (*test) (MonitorFixture *self,
                                                                 gconstpointer   data));

gint64     monitor_fixture_get_deadline (void);
void       monitor_fixture_iterate      (gint64           deadline,
                                         const char      *condition,
                                         const char      *location);

void       monitor_fixture_start_server (MonitorFixture  *self);
void       monitor_fixture_stop_server  (MonitorFixture  *self);

GtkWidget *monitor_fixture_get_child    (MonitorFixture  *self,
                                         const char      *name);

G_END_DECLS

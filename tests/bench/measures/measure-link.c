/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <hb-websocket.h>
#include <sys/resource.h>

#include "measure-link.h"

/* More connections than any of the benchmarks opens */
#define MAX_CONNECTIONS 100000

/* The default ping-timeout of a task, in seconds */
#define KEEPALIVE 15

struct _MeasureLink
{
  const MeasureFuncs      *funcs;
  gpointer                 data;
  HbWebsocketTask         *task;       /* (owned) (nullable) NULL for libsoup alone */
  SoupWebsocketConnection *connection; /* (owned) (nullable) */
  SoupSession             *session;    /* (owned) (nullable) */
  char                    *uri;        /* (owned) (nullable) */
  guint                    keepalive;  /* seconds, 0 for none */
};

static void connect_again (MeasureLink *self);

static void
pass_message (MeasureLink *self,
              GBytes      *bytes)
{
  if (self->funcs->message != NULL)
    self->funcs->message (self, bytes);
}

static void
soup_message_cb (SoupWebsocketConnection *connection,
                 SoupWebsocketDataType    type,
                 GBytes                  *bytes,
                 gpointer                 user_data)
{
  pass_message (user_data, bytes);
}

static void
soup_closed_cb (SoupWebsocketConnection *connection,
                gpointer                 user_data)
{
  MeasureLink *self = user_data;

  g_clear_object (&self->connection);
  connect_again (self);
}

static void
soup_connected_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  MeasureLink *self = user_data;
  g_autoptr (GError) error = NULL;

  self->connection = soup_session_websocket_connect_finish (self->session, result, &error);
  if (self->connection == NULL)
    g_error ("%s", error->message);

  soup_websocket_connection_set_max_incoming_payload_size (self->connection, 0);
  soup_websocket_connection_set_keepalive_interval (self->connection, self->keepalive);
  g_signal_connect (self->connection, "message", G_CALLBACK (soup_message_cb), self);
  g_signal_connect (self->connection, "closed", G_CALLBACK (soup_closed_cb), self);
  self->funcs->opened (self);
}

static void
connect_again (MeasureLink *self)
{
  g_autoptr (SoupMessage) request = soup_message_new (SOUP_METHOD_GET, self->uri);

  soup_session_websocket_connect_async (self->session, request, NULL, NULL, G_PRIORITY_DEFAULT,
                                        NULL, soup_connected_cb, self);
}

static void
task_message_cb (HbWebsocketTask       *task,
                 SoupWebsocketDataType  type,
                 GBytes                *bytes,
                 gpointer               user_data)
{
  pass_message (user_data, bytes);
}

static void
task_open_cb (HbWebsocketTask *task,
              gpointer         user_data)
{
  MeasureLink *self = user_data;

  self->funcs->opened (self);
}

/* Some measures make the server end connections. After any other error, the figures would be
 * worthless. */
static void
task_error_cb (HbWebsocketTask *task,
               GError          *error,
               gpointer         user_data)
{
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    g_error ("%s", error->message);
}

static HbWebsocketTask *
start_task (MeasureLink *self,
            const char  *uri,
            SoupSession *session)
{
  HbWebsocketTask *task = g_object_new (HB_TYPE_WEBSOCKET_TASK,
                                        "uri", uri,
                                        "session", session,
                                        "reconnect-timeout", 0,
                                        NULL);

  g_signal_connect (task, "open", G_CALLBACK (task_open_cb), self);
  g_signal_connect (task, "message", G_CALLBACK (task_message_cb), self);
  g_signal_connect (task, "error", G_CALLBACK (task_error_cb), self);
  hb_websocket_task_open (task);

  return task;
}

/* The link exists until the program ends.
 *
 * @library: `task`, `libsoup` or `libsoup-keepalive`. With `libsoup-keepalive`, the link sends a
 *   ping every KEEPALIVE seconds, but continues if no reply comes.
 * @session: (nullable): with NULL, a task creates a session for each attempt, and libsoup alone
 *   keeps one session */
MeasureLink *
measure_link_new (const char         *library,
                  const char         *uri,
                  SoupSession        *session,
                  const MeasureFuncs *funcs,
                  gpointer            data)
{
  MeasureLink *self = g_new0 (MeasureLink, 1);

  self->funcs = funcs;
  self->data = data;

  if (g_str_equal (library, "task"))
    {
      self->task = start_task (self, uri, session);
      return self;
    }

  self->uri = g_strdup (uri);
  self->keepalive = g_str_equal (library, "libsoup-keepalive") ? KEEPALIVE : 0;
  self->session = session != NULL ? g_object_ref (session) : soup_session_new ();
  connect_again (self);

  return self;
}

gpointer
measure_link_get_data (MeasureLink *self)
{
  return self->data;
}

void
measure_link_send (MeasureLink *self,
                   GBytes      *bytes)
{
  g_autoptr (GError) error = NULL;

  if (self->task == NULL)
    soup_websocket_connection_send_message (self->connection, SOUP_WEBSOCKET_DATA_BINARY, bytes);
  else if (!hb_websocket_task_send_bytes (self->task, bytes, &error))
    g_error ("%s", error->message);
}

void
measure_link_stop_heartbeat (MeasureLink *self)
{
  if (self->task != NULL)
    hb_websocket_task_set_ping_timeout (self->task, 0);
  else
    soup_websocket_connection_set_keepalive_interval (self->connection, 0);
}

SoupSession *
measure_session_new (void)
{
  return soup_session_new_with_options ("max-conns", MAX_CONNECTIONS,
                                        "max-conns-per-host", MAX_CONNECTIONS,
                                        NULL);
}

gint64
measure_get_cpu_time (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);

  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC
         + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

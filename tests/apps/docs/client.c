/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <hb-websocket.h>

/* doc-client URI: tests a server from the book. The server must answer the message "heartbeat" with
 * "pong", and send all other messages back. */

#define WAIT_TIMEOUT 20 /* seconds, for the whole program */

static gboolean is_late;
static GString *received;

static gboolean
late_cb (gpointer user_data)
{
  is_late = TRUE;

  return G_SOURCE_REMOVE;
}

static void
message_cb (HbWebsocketTask       *task,
            SoupWebsocketDataType  type,
            GBytes                *message,
            gpointer               user_data)
{
  g_string_append_printf (received, "%s;", (const char *) g_bytes_get_data (message, NULL));
}

static void
close_cb (HbWebsocketTask *task,
          guint            code,
          const char      *reason,
          guint           *closed_with)
{
  *closed_with = code;
}

static gboolean
wait_for_state (HbWebsocketTask *task,
                HbState          state)
{
  while (!is_late && hb_websocket_task_get_state (task) != state)
    g_main_context_iteration (NULL, TRUE);

  return hb_websocket_task_get_state (task) == state;
}

static gboolean
wait_for_reply (HbWebsocketTask *task)
{
  hb_websocket_task_check (task);
  while (!is_late && hb_websocket_task_get_latency (task) < 0)
    g_main_context_iteration (NULL, TRUE);

  return hb_websocket_task_get_latency (task) >= 0;
}

static gboolean
wait_for_echo (HbWebsocketTask *task)
{
  g_string_truncate (received, 0);
  hb_websocket_task_send_text (task, "hello", NULL);
  while (!is_late && received->len == 0)
    g_main_context_iteration (NULL, TRUE);

  return g_str_equal (received->str, "hello;");
}

/* Returns what the server does wrong, or NULL. */
static const char *
find_fault (const char      *uri,
            HbHeartbeatMode  mode)
{
  g_autoptr (HbWebsocketTask) task = hb_websocket_task_new (uri);
  guint closed_with = 0;

  hb_websocket_task_set_heartbeat_mode (task, mode);
  hb_websocket_task_set_pong_message (task, "pong");
  hb_websocket_task_set_liveness (task, HB_LIVENESS_REPLY);
  hb_websocket_task_set_reconnect_timeout (task, 50);
  g_signal_connect (task, "message", G_CALLBACK (message_cb), NULL);
  g_signal_connect (task, "close", G_CALLBACK (close_cb), &closed_with);

  /* The server may still be starting, so the task tries again. */
  hb_websocket_task_open (task);
  if (!wait_for_state (task, HB_STATE_OPEN))
    return "the server does not accept the client";
  if (!wait_for_reply (task))
    return "the server does not answer the ping";
  if (!wait_for_echo (task))
    return "the server does not send back exactly the messages that are not pings";

  hb_websocket_task_close (task, 1000, NULL);
  if (!wait_for_state (task, HB_STATE_CLOSED) || closed_with != 1000)
    return "the server does not answer the close frame";

  return NULL;
}

int
main (int    argc,
      char **argv)
{
  static const char *names[] = { "message", "ping" };
  int mode;

  received = g_string_new (NULL);
  g_timeout_add_seconds (WAIT_TIMEOUT, late_cb, NULL);

  for (mode = HB_HEARTBEAT_MODE_MESSAGE; mode <= HB_HEARTBEAT_MODE_PING; mode++)
    {
      const char *fault = find_fault (argv[1], mode);

      if (fault != NULL)
        {
          g_printerr ("heartbeat by %s: %s\n", names[mode], fault);
          return 1;
        }
    }

  g_string_free (received, TRUE);

  return 0;
}

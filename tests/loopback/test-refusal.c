/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>
#include <sys/socket.h>

#include "fixture.h"

/* A server ends each connection before it has received all of a certain message. The task must drop
 * the message after three such connections, or after one with the close code 1009 (too big).
 * Otherwise no later message would be sent. */

/* The requested size of the send buffer in bytes, which the kernel doubles */
#define SEND_BUFFER (32 * 1024)

/* More bytes than the kernel holds while the server does not read. Otherwise the message would
 * count as sent before the server refuses it. */
#define SIZE (2 * 1024 * 1024)

typedef struct
{
  const char *name;
  guint       n_links; /* connections on which the task tries to send the message */
  guint       code;    /* of the close frame, or 0 for no close frame */
  void      (*end)     (RawPeer *peer); /* (nullable) ends the connection if `code` is 0 */
} Refusal;

static const Refusal refusals[] = {
  { "close-frame", 3, 1008, NULL },
  { "too-big", 1, 1009, NULL },
  { "end-of-stream", 3, 0, raw_peer_half_close },
  { "reset", 3, 0, raw_peer_reset },
};

static void
network_event_cb (SoupMessage        *message,
                  GSocketClientEvent  event,
                  GIOStream          *connection,
                  gpointer            user_data)
{
  g_autoptr (GError) error = NULL;

  if (event != G_SOCKET_CLIENT_CONNECTED)
    return;

  g_socket_set_option (g_socket_connection_get_socket (G_SOCKET_CONNECTION (connection)),
                       SOL_SOCKET, SO_SNDBUF, SEND_BUFFER, &error);
  g_assert_no_error (error);
}

static void
connecting_cb (HbWebsocketTask *task,
               SoupMessage     *message,
               gpointer         user_data)
{
  g_signal_connect (message, "network-event", G_CALLBACK (network_event_cb), NULL);
}

static void
pause_cb (RawPeer  *peer,
          gpointer  user_data)
{
  raw_peer_pause (peer);
}

static void
end_link (const Refusal *refusal,
          RawPeer       *peer)
{
  if (refusal->code != 0)
    raw_peer_send_close (peer, refusal->code, NULL);
  else
    refusal->end (peer);
}

static void
test_refusal (Fixture       *fixture,
              gconstpointer  data)
{
  const Refusal *refusal = data;
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_strnfill (SIZE, 'x'), SIZE);
  g_autoptr (GAsyncResult) sent = NULL;
  RawPeer *peer;
  guint i;

  g_signal_connect (fixture->task, "connecting", G_CALLBACK (connecting_cb), NULL);
  raw_server_set_opened (fixture->raw, pause_cb, NULL);
  hb_websocket_task_open (fixture->task);
  hb_websocket_task_send_message_async (fixture->task, SOUP_WEBSOCKET_DATA_BINARY, bytes,
                                        HB_SEND_FLAGS_DEFAULT, NULL, store_result_cb, &sent);
  assert_sends (fixture->task, "after");

  for (i = 0; i < refusal->n_links; i++)
    {
      signal_log_skip_to (fixture->log, "open");
      g_assert_null (sent);
      wait_idle ();
      end_link (refusal, raw_server_wait_peer (fixture->raw, i));
    }

  signal_log_skip_to (fixture->log, "error:message-refused");
  g_assert_nonnull (strstr (signal_log_get_error (fixture->log), "2097152 bytes"));
  signal_log_skip_to (fixture->log, "open");
  peer = raw_server_wait_peer (fixture->raw, i);
  raw_peer_resume (peer);
  raw_peer_expect (peer, "text:after");
  expect_error (fixture->task, &sent, hb_websocket_task_send_message_finish, HB_ERROR,
                HB_ERROR_MESSAGE_REFUSED);
  g_clear_object (&sent);
  signal_log_forget (fixture->log);
  fixture_close_raw (fixture, peer);
}

static void
test_refusal_over_tls (Fixture       *fixture,
                       gconstpointer  data)
{
  if (fixture_use_tls (fixture))
    test_refusal (fixture, data);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_raw_rows ("/loopback/refusal/", refusals, test_refusal);
  add_raw_rows ("/loopback/refusal/tls/", refusals, test_refusal_over_tls);

  return g_test_run ();
}

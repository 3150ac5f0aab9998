/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <libwebsockets.h>
#include <string.h>

#include "bench-client.h"

/* A client that uses libwebsockets, which allows one write for each writable callback */

#define BUFFER_MIN (64 * 1024)

static BenchClient client;
static guint8 *buffer;   /* begins with LWS_PRE bytes for the header */
static gsize n_arrived;  /* the received bytes of the current message */
static guint n_due;      /* the number of messages to send */

static void
send_messages (struct lws *wsi,
               guint       n_messages)
{
  n_due += n_messages;
  if (n_due > 0)
    lws_callback_on_writable (wsi);
}

/* lws_write () masks the bytes in the buffer, so each message is copied into the buffer first. */
static int
write_one (struct lws *wsi)
{
  gsize length;
  gconstpointer data = g_bytes_get_data (client.message, &length);

  if (n_due == 0)
    return 0;

  memcpy (buffer + LWS_PRE, data, length);
  if (lws_write (wsi, buffer + LWS_PRE, length,
                 client.is_text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY) < (int) length)
    return -1;

  n_due--;
  send_messages (wsi, 0);

  return 0;
}

static int
protocol_cb (struct lws                *wsi,
             enum lws_callback_reasons  reason,
             void                      *user,
             void                      *in,
             size_t                     length)
{
  switch ((int) reason)
    {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
      send_messages (wsi, bench_client_on_open (&client));
      break;

    case LWS_CALLBACK_CLIENT_WRITEABLE:
      return write_one (wsi);

    case LWS_CALLBACK_CLIENT_RECEIVE:
      n_arrived += length;
      if (lws_is_final_fragment (wsi) && lws_remaining_packet_payload (wsi) == 0)
        {
          gsize size = n_arrived;

          n_arrived = 0;
          send_messages (wsi, bench_client_on_message (&client, in, size));
        }
      break;

    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
      g_error ("%s", in != NULL ? (const char *) in : "The client could not connect");

    case LWS_CALLBACK_CLIENT_CLOSED:
      g_error ("The connection was closed");

    default:
      break;
    }

  return 0;
}

int
main (int    argc,
      char **argv)
{
  struct lws_protocols protocols[] = { { .name = "bench", .callback = protocol_cb }, { 0 } };
  struct lws_context_creation_info info = { 0 };
  struct lws_client_connect_info connect = { 0 };
  g_autoptr (GUri) uri = NULL;
  g_autofree char *path = NULL;

  bench_client_init (&client, argc, argv);
  buffer = g_malloc0 (LWS_PRE + client.size);
  uri = g_uri_parse (client.uri, G_URI_FLAGS_NONE, NULL);
  path = g_uri_get_query (uri) != NULL
         ? g_strdup_printf ("%s?%s", g_uri_get_path (uri), g_uri_get_query (uri))
         : g_strdup (g_uri_get_path (uri));

  lws_set_log_level (LLL_ERR, NULL);
  protocols[0].rx_buffer_size = MAX (BUFFER_MIN, client.size + 1);
  info.port = CONTEXT_PORT_NO_LISTEN;
  info.protocols = protocols;
  info.pt_serv_buf_size = BUFFER_MIN;
  info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;

  connect.context = lws_create_context (&info);
  connect.address = g_uri_get_host (uri);
  connect.port = g_uri_get_port (uri);
  connect.path = path;
  connect.host = connect.address;
  connect.origin = connect.address;
  connect.local_protocol_name = "bench";
  if (g_str_equal (g_uri_get_scheme (uri), "wss"))
    connect.ssl_connection = LCCSCF_USE_SSL | LCCSCF_ALLOW_SELFSIGNED
                             | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK;

  if (lws_client_connect_via_info (&connect) == NULL)
    g_error ("The client could not connect");

  while (lws_service (connect.context, 0) >= 0)
    continue;

  return 0;
}

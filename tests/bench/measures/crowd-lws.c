/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#include "crowd.h"

/* Carries out the commands of crowd.c with libwebsockets.
 *
 * measure-crowd-lws PORT */

#define PAYLOAD "message"

/* Both times are in seconds. 15 is the default ping-timeout of a task. */
static const lws_retry_bo_t heartbeat = {
  .secs_since_valid_ping = 15,
  .secs_since_valid_hangup = 30,
};

static struct lws_context *context;
static int server_port;
static struct lws *first;
static struct lws_sorted_usec_list timer;
static gboolean is_done;
static gboolean is_due; /* whether to send a message on the first connection */

static void
start (const char *address,
       int         port)
{
  struct lws_client_connect_info info = {
    .context = context,
    .address = address,
    .port = port,
    .path = "/echo",
    .host = address,
    .origin = address,
    .local_protocol_name = "crowd",
    .opaque_user_data = (gpointer) address,
    .retry_and_idle_policy = &heartbeat,
  };
  struct lws *link = lws_client_connect_via_info (&info);

  if (link == NULL)
    g_error ("The client could not connect");

  if (first == NULL)
    first = link;
}

static void
send_one (struct lws *link)
{
  guint8 buffer[LWS_PRE + sizeof PAYLOAD];

  memcpy (buffer + LWS_PRE, PAYLOAD, strlen (PAYLOAD));
  lws_write (link, buffer + LWS_PRE, strlen (PAYLOAD), LWS_WRITE_TEXT);
}

static int
protocol_cb (struct lws                *link,
             enum lws_callback_reasons  reason,
             void                      *user,
             void                      *in,
             size_t                     length)
{
  switch ((int) reason)
    {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
      crowd_on_open ();
      break;

    case LWS_CALLBACK_CLIENT_WRITEABLE:
      if (is_due && link == first)
        send_one (link);
      is_due = is_due && link != first;
      break;

    case LWS_CALLBACK_CLIENT_RECEIVE:
      crowd_on_message (link == first);
      break;

    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLIENT_CLOSED:
      if (link == first)
        first = NULL;
      start (lws_get_opaque_user_data (link), server_port);
      break;

    default:
      break;
    }

  return 0;
}

static void
send_on_first (void)
{
  is_due = TRUE;
  lws_callback_on_writable (first);
}

/* Without lws_cancel_service (), the loop would first wait for the next event. */
static void
quit (void)
{
  is_done = TRUE;
  lws_cancel_service (context);
}

static void
timer_cb (struct lws_sorted_usec_list *self)
{
  quit ();
}

static void
run (guint seconds)
{
  if (seconds > 0)
    lws_sul_schedule (context, 0, &timer, timer_cb, seconds * LWS_US_PER_SEC);

  is_done = FALSE;
  while (!is_done && lws_service (context, 0) >= 0)
    continue;
}

static const CrowdFuncs funcs = { .start = start, .send = send_on_first, .run = run, .quit = quit };

int
main (int    argc,
      char **argv)
{
  const struct lws_protocols protocols[] = { { .name = "crowd", .callback = protocol_cb }, { 0 } };
  const struct lws_context_creation_info info = {
    .port = CONTEXT_PORT_NO_LISTEN,
    .protocols = protocols,
  };

  if (argc < 2)
    g_error ("Usage: %s PORT", argv[0]);

  lws_set_log_level (LLL_ERR, NULL);
  context = lws_create_context (&info);
  server_port = atoi (argv[1]);
  crowd_main (&funcs, server_port);

  /* The kernel closes the connections that are still open. */
  _Exit (0);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "fixture.h"

/* Each task causes at most one warning, and only for a programmer's mistake. */

#define NOWHERE "ws://127.0.0.1:9/"

static GString *warnings;
static guint n_warnings;

static void
log_cb (const char     *log_domain,
        GLogLevelFlags  level,
        const char     *message,
        gpointer        user_data)
{
  g_string_append (warnings, message);
  n_warnings++;
}

static void
ignore_cb (HbWebsocketTask *task,
           GError          *error,
           gpointer         user_data)
{
}

static void
open_later (HbWebsocketTask *task)
{
  hb_websocket_task_hold (task);
  hb_websocket_task_set_uri (task, NOWHERE);
  hb_websocket_task_open (task);
  hb_websocket_task_set_uri (task, NULL);
  hb_websocket_task_release (task);
}

static void
offer_no_token (HbWebsocketTask *task)
{
  const char *protocols[] = { "a secret", NULL };

  hb_websocket_task_set_uri (task, NOWHERE);
  hb_websocket_task_set_protocols (task, protocols);
  hb_websocket_task_open (task);
}

static void
close_badly (HbWebsocketTask *task)
{
  hb_websocket_task_close (task, 1006, NULL);
}

static void
block (HbWebsocketTask *task)
{
  gulong handler = g_signal_connect (task, "error", G_CALLBACK (ignore_cb), NULL);

  g_signal_handler_block (task, handler);
  hb_websocket_task_open (task);
}

static void
listen_and_open (HbWebsocketTask *task)
{
  g_signal_connect (task, "error", G_CALLBACK (ignore_cb), NULL);
  hb_websocket_task_open (task);
}

static void
start_async (HbWebsocketTask *task)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  hb_websocket_task_open_async (task, NULL, store_result_cb, &result);
  wait_until (result != NULL);
  g_assert_false (hb_websocket_task_open_finish (task, result, &error));
  g_assert_error (error, HB_ERROR, HB_ERROR_INVALID_URI);
}

static void
close_badly_async (HbWebsocketTask *task)
{
  g_autoptr (GAsyncResult) result = NULL;

  hb_websocket_task_close_async (task, 1006, NULL, NULL, store_result_cb, &result);
  wait_until (result != NULL);
}

/* These errors are not programmers' mistakes: a refused connection, the end of the attempts, and an
 * unsent message. */
static void
find_nobody (HbWebsocketTask *task)
{
  hb_websocket_task_set_uri (task, NOWHERE);
  hb_websocket_task_set_repeat_limit (task, 0);
  hb_websocket_task_open (task);
  g_assert_true (hb_websocket_task_send_text (task, "text", NULL));
  wait_until (hb_websocket_task_get_state (task) == HB_STATE_CLOSED);
}

typedef struct
{
  const char *name;
  void      (*act) (HbWebsocketTask *task);
  const char *uri;  /* (nullable) the task's first URI */
  const char *said; /* (nullable) a part of the warning, NULL for none */
} Case;

static const Case cases[] = {
  { "scheme", hb_websocket_task_open, "http://127.0.0.1:9/", "“http”" },
  { "no-uri", hb_websocket_task_open, NULL, "is missing" },
  { "reconnect-now", hb_websocket_task_reconnect_now, "ftp://127.0.0.1/", "“ftp”" },
  { "later", open_later, NULL, "is missing" },
  { "secrets", hb_websocket_task_open, "http://user:secret@127.0.0.1:9/?token=secret", "“http”" },
  { "protocol", offer_no_token, NULL, "subprotocol" },
  { "close-code", close_badly, NOWHERE, "close code" },
  { "handler", listen_and_open, "http://127.0.0.1:9/", NULL },
  { "blocked-handler", block, "http://127.0.0.1:9/", NULL },
  { "open-async", start_async, "http://127.0.0.1:9/", NULL },
  { "close-async", close_badly_async, NOWHERE, NULL },
  { "network", find_nobody, NOWHERE, NULL },
};

static void
test_case (gconstpointer data)
{
  const Case *self = data;
  g_autoptr (HbWebsocketTask) task = hb_websocket_task_new (self->uri);
  guint i;

  n_warnings = 0;
  warnings = g_string_new (NULL);

  for (i = 0; i < 2; i++)
    {
      self->act (task);
      wait_idle ();
    }

  g_assert_cmpuint (n_warnings, ==, self->said != NULL ? 1 : 0);
  g_assert_null (strstr (warnings->str, "secret"));
  if (self->said != NULL)
    g_assert_nonnull (strstr (warnings->str, self->said));

  hb_websocket_task_close (task, 1000, NULL);
  g_assert_finalize_object (g_steal_pointer (&task));
  g_string_free (warnings, TRUE);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_summary ("A programmer's mistake causes one warning if `error` has no handler and no "
                  "call fails with the error.");

  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_log_set_handler ("hb-websocket", G_LOG_LEVEL_WARNING, log_cb, NULL);

  test_rows_add ("/loopback/unheard/", cases, test_case);

  return g_test_run ();
}

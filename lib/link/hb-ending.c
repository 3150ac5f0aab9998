/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "hb-context-private.h"
#include "hb-ending-private.h"
#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-limits-private.h"

/* Reports the end of a connection and its reason, once.
 *
 * When a connection ends, libsoup emits several signals, in different orders, and might never emit
 * the last one. The end begins with the first signal, except `closing` for our own close frame. The
 * callback is called in the next iteration of the loop, because during a signal libsoup still uses
 * the connection, and has not yet answered a close frame of the peer. */
struct _HbEnding
{
  SoupWebsocketConnection *connection; /* (not owned) */
  GMainContext            *context;
  HbEndingFunc             func;       /* (nullable) NULL once the end has been reported */
  gpointer                 user_data;
  GSource                 *source;     /* (nullable) reports the end */
  GError                  *error;      /* (nullable) the first error */
  gboolean                 is_closing; /* We have sent a close frame. */
};

/* The maximum length of a reason, in bytes. RFC 6455, 5.5: the payload of a control frame has at
 * most 125 bytes, of which the code takes two. */
#define MAX_REASON 123

static void
free_ending (gpointer data)
{
  HbEnding *self = data;

  g_assert (self->source == NULL);

  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_error (&self->error);
}

static void
unref_ending (HbEnding *self)
{
  g_rc_box_release_full (self, free_ending);
}

/* Returns whether the peer ended the connection with a close frame, a FIN or a reset. Over TLS, a
 * FIN without a close_notify causes G_TLS_ERROR_EOF if the application requires a close_notify, and
 * otherwise no error. A reset causes the same error as without TLS.
 *
 * @error: (nullable): NULL if libsoup has emitted no `error` that counts */
static gboolean
is_by_peer (const GError *error)
{
  return error == NULL
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED)
         || g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_EOF);
}

static void
read_loss (HbEnding *self,
           HbLoss   *loss)
{
  guint code = soup_websocket_connection_get_close_code (self->connection);

  /* These codes were registered after RFC 6455. libsoup reads them, but also reports an error. */
  if (code >= 1012 && code <= 1014)
    g_clear_error (&self->error);

  loss->by_peer = is_by_peer (self->error);
  loss->error = self->error;
  loss->code = code;
  loss->reason = soup_websocket_connection_get_close_data (self->connection);
  loss->http_status = SOUP_STATUS_SWITCHING_PROTOCOLS;

  /* RFC 6455, 7.1.5: only a valid close frame has a code. libsoup before 3.8 accepts a close frame
   * that is too long for a control frame. */
  if (code == 0 || self->error != NULL
      || (loss->reason != NULL && strlen (loss->reason) > MAX_REASON))
    {
      loss->code = SOUP_WEBSOCKET_CLOSE_ABNORMAL;
      loss->reason = NULL;
    }
}

static gboolean
report_cb (gpointer user_data)
{
  HbEnding *self = g_rc_box_acquire (user_data);
  HbEndingFunc func = g_steal_pointer (&self->func);
  HbLoss loss = { 0 };

  read_loss (self, &loss);
  func (&loss, self->user_data);
  g_clear_pointer (&self->source, hb_context_end_source);
  unref_ending (self);

  return G_SOURCE_REMOVE;
}

static void
begin (HbEnding *self)
{
  if (self->source != NULL || self->func == NULL)
    return;

  self->source = g_idle_source_new ();
  g_source_set_priority (self->source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->source, report_cb, self, NULL);
  g_source_set_static_name (self->source, "[hb] ending");
  g_source_attach (self->source, self->context);
}

/* Only the first error counts. An error after the peer's close frame is not the reason for the end,
 * because the peer may be gone before libsoup has answered its close frame. */
static void
on_error (HbEnding     *self,
          const GError *error)
{
  guint64 limit = hb_limits_get_on_connection (self->connection);

  if (self->source != NULL || self->func == NULL)
    return;

  if (g_error_matches (error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_CLOSE_TOO_BIG))
    self->error = g_error_new (HB_ERROR, HB_ERROR_MESSAGE_TOO_BIG,
                               _("A received message is longer than max-message-size "
                                 "(%" PRIu64 " bytes)"),
                               limit);
  else
    self->error = g_error_copy (error);

  begin (self);
}

/* libsoup also emits `closing` for our close frame, after which the connection stays open until the
 * peer has answered. */
static void
on_closing (HbEnding *self)
{
  if (!self->is_closing)
    begin (self);
}

/* @connection must exist until hb_ending_free (). The signals of the connection must be passed to
 * hb_ending_on_signal ().
 *
 * Returns: (transfer full) */
HbEnding *
hb_ending_new (SoupWebsocketConnection *connection,
               GMainContext            *context,
               HbEndingFunc             func,
               gpointer                 user_data)
{
  HbEnding *self = g_rc_box_new0 (HbEnding);

  self->connection = connection;
  self->context = g_main_context_ref (context);
  self->func = func;
  self->user_data = user_data;

  return self;
}

/* After this, the ending reports nothing. May be called from the callback. */
void
hb_ending_free (HbEnding *self)
{
  self->func = NULL;
  g_clear_pointer (&self->source, hb_context_end_source);
  unref_ending (self);
}

/* Handles the signals `error`, `closing` and `notify::state`. `notify::state` is the first sign of
 * an end without a close frame and without an error, and of the peer's answer to our close frame.
 * `closed` would be too late, because after that answer, libsoup waits until the peer closes the
 * stream.
 *
 * @values: see HbHandlersFunc */
void
hb_ending_on_signal (HbEnding     *self,
                     guint         signal_id,
                     const GValue *values)
{
  if (signal_id == g_signal_lookup ("error", SOUP_TYPE_WEBSOCKET_CONNECTION))
    on_error (self, g_value_get_boxed (&values[1]));
  else if (signal_id == g_signal_lookup ("closing", SOUP_TYPE_WEBSOCKET_CONNECTION))
    on_closing (self);
  else
    begin (self);
}

/* Returns: (transfer none) (nullable): a timeout whose callback gets the connection; if several
 *   exist, the oldest of those with the highest priority */
static GSource *
find_timeout (HbEnding *self)
{
  return g_main_context_find_source_by_funcs_user_data (self->context, &g_timeout_funcs,
                                                        self->connection);
}

/* Must not be called twice, because libsoup would print a critical message. A handler of the
 * application may run in this function, and may make the owner free the ending. The connection must
 * exist until the function returns.
 *
 * libsoup adds a timeout, which would close the stream after five seconds, whatever close-timeout
 * is, so this timeout is stopped. An older timeout may belong to the application, so it is not
 * changed. If it hides libsoup's timeout, that timeout is not stopped either. */
void
hb_ending_send_close (HbEnding   *self,
                      guint       code,
                      const char *reason)
{
  GSource *timeout = find_timeout (self);
  guint before = timeout != NULL ? g_source_get_id (timeout) : 0;

  g_rc_box_acquire (self);
  self->is_closing = TRUE;
  soup_websocket_connection_close (self->connection, code, reason);

  timeout = find_timeout (self);
  if (timeout != NULL && g_source_get_id (timeout) != before)
    g_source_set_ready_time (timeout, -1);

  unref_ending (self);
}

/* Returns whether the end has begun and has not been reported yet. */
gboolean
hb_ending_has_begun (HbEnding *self)
{
  return self->source != NULL;
}

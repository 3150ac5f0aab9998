/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-handlers-private.h"

void
hb_handlers_init (HbHandlers              *self,
                  SoupWebsocketConnection *connection,
                  HbHandlersFunc           func,
                  gpointer                 user_data)
{
  *self = (HbHandlers) {
    .connection = connection,
    .func = func,
    .user_data = user_data,
    .message_id = g_signal_lookup ("message", SOUP_TYPE_WEBSOCKET_CONNECTION),
  };
}

/* May be called while a signal is being emitted. */
void
hb_handlers_clear (HbHandlers *self)
{
  if (self->message_handler == 0)
    return;

  g_signal_handlers_disconnect_by_data (self->connection, self);
  self->message_handler = 0;
}

/* For messages, the marshaller of libsoup's signal would use libffi, which takes longer than
 * everything else that this library does with a short message. */
static void
marshal_signal (GClosure     *closure,
                GValue       *result,
                guint         n_values,
                const GValue *values,
                gpointer      hint,
                gpointer      data)
{
  HbHandlers *self = closure->data;

  self->func (((GSignalInvocationHint *) hint)->signal_id, values, self->user_data);
}

/* Must be called before libsoup closes the connection, because libsoup then emits signals from
 * sources of its own. */
void
hb_handlers_connect (HbHandlers *self)
{
  const char *names[] = { "pong", "error", "closing", "notify::state" };
  GClosure *closure;
  guint i;

  if (self->message_handler != 0)
    return;

  closure = g_closure_new_simple (sizeof (GClosure), self);
  g_closure_set_marshal (closure, marshal_signal);
  self->message_handler = g_signal_connect_closure_by_id (self->connection, self->message_id, 0,
                                                          closure, FALSE);
  for (i = 0; i < G_N_ELEMENTS (names); i++)
    g_signal_connect_closure (self->connection, names[i], closure, FALSE);

  if (!self->is_called)
    g_signal_handler_block (self->connection, self->message_handler);
}

/* The connection must be open. Does nothing if the application may have the connection: see
 * hb_handlers_expose (). */
void
hb_handlers_disconnect (HbHandlers *self)
{
  if (self != NULL && !self->is_exposed)
    hb_handlers_clear (self);
}

/* Must be called before the application gets the connection, so that our handlers precede those of
 * the application. */
void
hb_handlers_expose (HbHandlers *self)
{
  hb_handlers_connect (self);
  self->is_exposed = TRUE;
}

/* Must be called before libsoup reads. */
void
hb_handlers_begin_call (HbHandlers *self)
{
  if (self == NULL)
    return;

  self->is_called = TRUE;
  if (self->message_handler != 0)
    g_signal_handler_unblock (self->connection, self->message_handler);
  else
    hb_handlers_connect (self);
}

void
hb_handlers_end_call (HbHandlers *self)
{
  if (self == NULL)
    return;

  self->is_called = FALSE;
  g_signal_handler_block (self->connection, self->message_handler);
}

/* Returns whether the application has a handler of libsoup's `message`. Must not be called during a
 * call into libsoup. */
gboolean
hb_handlers_has_other (HbHandlers *self)
{
  return self != NULL
         && g_signal_has_handler_pending (self->connection, self->message_id, 0, FALSE);
}

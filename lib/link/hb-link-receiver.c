/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-link-steps-private.h"

/* Receives messages and pongs, and emits an event for each. Messages come from the channel, or from
 * libsoup's signal `message` where the channel does not emit them. */

G_STATIC_ASSERT ((int) HB_OPCODE_TEXT == (int) SOUP_WEBSOCKET_DATA_TEXT);
G_STATIC_ASSERT ((int) HB_OPCODE_BINARY == (int) SOUP_WEBSOCKET_DATA_BINARY);

/* Emits an event for a message or pong. */
static inline void
emit_received (HbLink  *self,
               HbEvent  event)
{
  if (!self->channel.funcs->reports_activity)
    hb_link_emit (self, (HbEvent) { .kind = HB_EVENT_ACTIVITY });

  hb_link_begin_use (self);
  hb_link_emit (self, event);
  hb_link_end_use (self);
}

/* After an error libsoup handles the other bytes that it has read, and may emit a message that the
 * peer has not sent. */
static void
receive_message (HbLink  *self,
                 HbEvent  event)
{
  if (self->func != NULL && !hb_ending_has_begun (self->ending))
    emit_received (self, event);
}

/* Marshals `message (type, bytes)` and `pong (payload)` by hand. For messages libsoup uses libffi,
 * which takes longer than all the other work of this library on a short message. */
static void
marshal_signal (GClosure     *closure,
                GValue       *result,
                guint         n_values,
                const GValue *values,
                gpointer      hint,
                gpointer      data)
{
  HbLink *self = closure->data;

  if (((GSignalInvocationHint *) hint)->signal_id != self->handler.signal_id)
    {
      emit_received (self, (HbEvent) { .kind = HB_EVENT_PONG });
      return;
    }

  /* The types are those of libsoup's signal, so they need no check. */
  receive_message (self, (HbEvent) {
    .kind = HB_EVENT_MESSAGE,
    .message.opcode = (HbOpcode) values[1].data[0].v_int,
    .message.bytes = values[2].data[0].v_pointer,
  });
}

/* The channel blocks the handler of messages while it emits messages itself. */
void
hb_link_connect_receiver (HbLink *self)
{
  GClosure *closure = g_closure_new_simple (sizeof (GClosure), self);
  HbHandler *handler = &self->handler;

  g_closure_set_marshal (closure, marshal_signal);
  handler->instance = G_OBJECT (self->connection);
  handler->signal_id = g_signal_lookup ("message", SOUP_TYPE_WEBSOCKET_CONNECTION);
  handler->id = g_signal_connect_closure_by_id (self->connection, handler->signal_id, 0, closure,
                                                FALSE);
  self->channel.funcs->open_fast_lane (self->channel.data, handler);

  g_signal_connect_closure (self->connection, "pong", closure, FALSE);
}

/* Reports the events of the channel.
 *
 * @user_data: the link */
void
hb_link_channel_cb (const HbEvent *event,
                    gpointer       user_data)
{
  if (event->kind == HB_EVENT_MESSAGE)
    receive_message (user_data, *event);
  else
    hb_link_emit (user_data, *event);
}

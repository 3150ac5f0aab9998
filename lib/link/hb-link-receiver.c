/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-link-steps-private.h"

/* Emits events for messages and pongs, which come from the channel or from libsoup's signals.
 * Passes libsoup's signals for the end of the connection to the HbEnding. */

G_STATIC_ASSERT ((int) HB_OPCODE_TEXT == (int) SOUP_WEBSOCKET_DATA_TEXT);
G_STATIC_ASSERT ((int) HB_OPCODE_BINARY == (int) SOUP_WEBSOCKET_DATA_BINARY);

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

/* After an error, libsoup handles the bytes that it has already read, and may emit a message that
 * the peer has not sent. */
static void
receive_message (HbLink  *self,
                 HbEvent  event)
{
  if (self->func != NULL && !hb_ending_has_begun (self->ending))
    emit_received (self, event);
}

static void
signal_cb (guint         signal_id,
           const GValue *values,
           gpointer      user_data)
{
  HbLink *self = user_data;

  /* libsoup's signal determines the types of the values, so they need no check. */
  if (signal_id == self->handlers.message_id)
    receive_message (self, (HbEvent) {
      .kind = HB_EVENT_MESSAGE,
      .message.opcode = (HbOpcode) values[1].data[0].v_int,
      .message.bytes = values[2].data[0].v_pointer,
    });
  else if (signal_id == g_signal_lookup ("pong", SOUP_TYPE_WEBSOCKET_CONNECTION))
    emit_received (self, (HbEvent) { .kind = HB_EVENT_PONG });
  else
    hb_ending_on_signal (self->ending, signal_id, values);
}

/* Must be called before libsoup reads from the connection, because frames that it reads earlier
 * would be missed. */
void
hb_link_open_receiver (HbLink *self)
{
  hb_handlers_init (&self->handlers, self->connection, signal_cb, self);
  if (self->channel.is_direct)
    self->channel.funcs->open_fast_lane (self->channel.data, &self->handlers);
  else
    hb_handlers_begin_call (&self->handlers);
}

/* @user_data: the link */
void
hb_link_channel_cb (const HbEvent *event,
                    gpointer       user_data)
{
  if (event->kind == HB_EVENT_MESSAGE)
    receive_message (user_data, *event);
  else if (event->kind == HB_EVENT_PONG)
    emit_received (user_data, *event);
  else
    hb_link_emit (user_data, *event);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <inttypes.h>

#include "hb-error.h"
#include "hb-i18n-private.h"
#include "hb-outbox-private.h"

/* Which messages are accepted: the limit on the queue, and messages that must not wait */

GError *
hb_outbox_new_overflow_error (gsize   size,
                              guint64 limit)
{
  return g_error_new (HB_ERROR, HB_ERROR_QUEUE_FULL,
                      _("No room for a message of %zu bytes: "
                        "max-buffered-amount is %" PRIu64),
                      size, limit);
}

static GError *
new_overflow_error (const HbSettings *settings,
                    const HbOutgoing *message)
{
  return hb_outbox_new_overflow_error (g_bytes_get_size (message->bytes),
                                       settings->max_buffered_amount);
}

/* Returns whether the message would have room if all messages that may be dropped were dropped. */
static gboolean
fits_alone (HbOutbox         *self,
            const HbOutgoing *message,
            const HbSettings *settings)
{
  guint64 amount = self->queue.in_flight_amount + g_bytes_get_size (message->bytes);

  return settings->max_buffered_amount == 0 || amount <= settings->max_buffered_amount;
}

/* After the first overflow, no other is reported until the queue is empty, so that a flood of
 * messages does not become a flood of errors. While the queue is empty, each message that is longer
 * than the limit itself is reported. */
static void
report_overflow (HbOutbox     *self,
                 const GError *error)
{
  if (!self->overflowed)
    hb_effects_push_error (self->effects, g_error_copy (error));

  self->overflowed = !hb_queue_is_empty (&self->queue);
}

/* If `overflow` is DROP_OLDEST, drops the oldest messages until @message has room. Messages that
 * are being written remain. If they alone leave no room, no message is dropped.
 *
 * Returns whether @message has room, which is then reserved. */
static gboolean
make_room (HbOutbox         *self,
           const HbSettings *settings,
           HbOutgoing       *message)
{
  g_autoptr (GError) overflow = NULL;
  HbOutgoing oldest;

  if (settings->overflow != HB_OVERFLOW_DROP_OLDEST || !fits_alone (self, message, settings))
    return FALSE;

  overflow = new_overflow_error (settings, message);
  report_overflow (self, overflow);
  while (!hb_queue_reserve (&self->queue, message, settings->max_buffered_amount)
         && hb_queue_pop_oldest (&self->queue, &oldest))
    {
      hb_outbox_drop (self, &oldest, HB_OUTCOME_FAILED, overflow);
      hb_outbox_complete_sent (self);
    }

  hb_outbox_follow_greeting (self);

  return hb_queue_reserve (&self->queue, message, 0);
}

/* The property `overflow` selects whether to drop the message and report that with effects, or to
 * return FALSE with an error. */
static gboolean
refuse (HbOutbox          *self,
        const HbSettings  *settings,
        const HbOutgoing  *message,
        GError           **error)
{
  g_autoptr (GError) overflow = new_overflow_error (settings, message);

  if (settings->overflow != HB_OVERFLOW_DROP_NEWEST)
    {
      g_propagate_error (error, g_steal_pointer (&overflow));
      return FALSE;
    }

  report_overflow (self, overflow);
  g_bytes_ref (message->bytes);
  hb_outbox_drop (self, message, HB_OUTCOME_FAILED, overflow);

  return TRUE;
}

static HbLine
get_line (const HbOutbox   *self,
          const HbOutgoing *message)
{
  if (message->is_this_link && !self->is_ready)
    return HB_LINE_THIS_LINK;

  /* A message from another thread may be taken in while a handler for `open` runs. That handler did
   * not send it. */
  return self->greeting && !message->is_foreign ? HB_LINE_GREETING : HB_LINE_WAITING;
}

/* Returns whether the link permits messages of the line, at once or when they are no longer held
 * up. */
static gboolean
is_line_open (const HbOutbox *self,
              HbLine          line)
{
  return self->is_open && (self->is_ready || line == HB_LINE_THIS_LINK);
}

/* Returns whether a message in the line has to wait for an event of the link. */
static gboolean
is_held_up (const HbOutbox *self,
            HbLine          line)
{
  return self->blocked || (self->holds_back && line == HB_LINE_WAITING);
}

static gboolean
check_this_link (const HbOutbox  *self,
                 GError         **error)
{
  if (self->is_open)
    return TRUE;

  g_set_error_literal (error, HB_ERROR, HB_ERROR_NOT_OPEN,
                       _("No connection is open, and the message is for one connection only"));
  return FALSE;
}

static gboolean
check_volatile (const HbOutbox  *self,
                HbLine           line,
                GError         **error)
{
  if (!is_line_open (self, line))
    {
      g_set_error_literal (error, HB_ERROR, HB_ERROR_NOT_OPEN,
                           self->is_open
                           ? _("The connection is not ready, and the message is volatile")
                           : _("No connection is open, and the message is volatile"));
      return FALSE;
    }

  if (is_held_up (self, line)
      || (self->backlogged && line == HB_LINE_WAITING && !hb_queue_is_written (&self->queue)))
    {
      g_set_error_literal (error, HB_ERROR, HB_ERROR_QUEUE_FULL,
                           _("Other messages are waiting to be sent, and the message is volatile"));
      return FALSE;
    }

  return TRUE;
}

/* Returns whether hb_outbox_take () would return a message that joined the line now. */
static gboolean
is_next (const HbOutbox *self,
         HbLine          line)
{
  return self->is_open && !self->blocked && line <= hb_outbox_get_last_line (self)
         && hb_queue_get_n_waiting (&self->queue, line) == 0;
}

static void
add (HbOutbox         *self,
     const HbOutgoing *message,
     HbLine            line)
{
  hb_queue_push (&self->queue, message, line);
  if (!is_line_open (self, line) || is_held_up (self, line))
    hb_outbox_keep_waiting (self);
}

/* Adds a message, with a reference to its bytes, or drops it if it has no room and `overflow` is
 * DROP_NEWEST. An effect resolves the ticket of the message, unless this function fails.
 *
 * @is_direct: (inout) (optional): as in hb_machine_send (); if set to TRUE, the message is not
 *   added, and the caller must call hb_outbox_add_sent () */
gboolean
hb_outbox_accept (HbOutbox          *self,
                  const HbSettings  *settings,
                  HbOutgoing        *message,
                  gboolean          *is_direct,
                  GError           **error)
{
  HbLine line = get_line (self, message);

  if (message->is_this_link && !check_this_link (self, error))
    return FALSE;

  if (message->is_volatile && !check_volatile (self, line, error))
    return FALSE;

  if (!hb_queue_reserve (&self->queue, message, settings->max_buffered_amount)
      && !make_room (self, settings, message))
    return refuse (self, settings, message, error);

  g_bytes_ref (message->bytes);
  message->is_greeting = line == HB_LINE_GREETING || message->is_this_link;
  if (G_UNLIKELY (message->delivery != HB_DELIVERY_WRITTEN))
    self->tracks = TRUE;

  if (is_direct != NULL && is_next (self, line))
    *is_direct = TRUE;
  else
    add (self, message, line);

  return TRUE;
}

/* Drops a message from another thread, because the task no longer accepts messages, or
 * hb_outbox_accept () has refused this one. If the queue has no room, reports the overflow, unless
 * the message is volatile. Takes ownership of the bytes of the message. */
void
hb_outbox_drop_late (HbOutbox         *self,
                     const HbOutgoing *message,
                     const GError     *error)
{
  hb_queue_release (&self->queue, message);

  if (!message->is_volatile && g_error_matches (error, HB_ERROR, HB_ERROR_QUEUE_FULL))
    report_overflow (self, error);

  hb_outbox_drop (self, message, HB_OUTCOME_FAILED, error);
}

/* Counts and reports the messages from other threads for which the queue had no room. */
void
hb_outbox_on_overflow (HbOutbox     *self,
                       guint         n_dropped,
                       const GError *error)
{
  self->metrics->messages_dropped += n_dropped;
  report_overflow (self, error);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-machine-steps-private.h"

/* The functions through which all events enter the machine */

/* An event of an earlier link, which the machine has dropped, is ignored. */
static gboolean
is_stale (HbMachine     *self,
          const HbEvent *event)
{
  return event->kind != HB_EVENT_NETWORK && event->kind != HB_EVENT_TICK
         && event->serial != self->serial;
}

/* Returns whether the event is a message that the application receives, at once or later, unless it
 * is recognized as the reply to a ping. */
gboolean
hb_machine_would_deliver (HbMachine     *self,
                          const HbEvent *event)
{
  return event->kind == HB_EVENT_MESSAGE && self->state == HB_STATE_OPEN && !is_stale (self, event);
}

/* Handles a message as hb_machine_handle () does, but if no other effect waits, returns TRUE
 * instead of pushing an effect for the message. The caller must then emit the message at once, and
 * call hb_inbox_end_giving (). If hb_inbox_end_giving () returns FALSE, the caller must also call
 * hb_machine_on_given (). Call this only while no effect is being carried out. */
gboolean
hb_machine_deliver (HbMachine     *self,
                    gint64         now,
                    const HbEvent *event)
{
  if (is_stale (self, event) || !hb_machine_accept_message (self, now, event))
    return FALSE;

  if (hb_machine_has_effect (self))
    {
      hb_machine_push_message (self, event);
      return FALSE;
    }

  hb_inbox_begin_giving (&self->inbox);

  return TRUE;
}

void
hb_machine_handle (HbMachine     *self,
                   gint64         now,
                   const HbEvent *event)
{
  if (is_stale (self, event))
    return;

  switch (event->kind)
    {
    case HB_EVENT_TURN:
      hb_machine_on_turn (self, now);
      break;
    case HB_EVENT_OPENED:
      hb_machine_on_opened (self, now, event);
      break;
    case HB_EVENT_MESSAGE:
      hb_machine_on_message (self, now, event);
      break;
    case HB_EVENT_PONG:
      hb_machine_on_pong (self, now);
      break;
    case HB_EVENT_ACTIVITY:
      hb_machine_on_activity (self, now);
      break;
    case HB_EVENT_PROGRESS:
      hb_machine_on_progress (self, now, event->written);
      break;
    case HB_EVENT_ACKNOWLEDGED:
      hb_machine_on_acknowledged (self, now, event);
      break;
    case HB_EVENT_BLOCKED:
      hb_machine_on_blocked (self);
      break;
    case HB_EVENT_WRITABLE:
      hb_machine_on_writable (self, now);
      break;
    case HB_EVENT_LOST:
      hb_machine_on_lost (self, now, event->loss);
      break;
    case HB_EVENT_NETWORK:
      hb_machine_on_network (self, now);
      break;
    case HB_EVENT_TICK:
      hb_machine_on_tick (self, now, event->tick.reading, event->tick.is_queued);
      break;
    case HB_EVENT_DELIVERY:
    case HB_EVENT_DELIVERED:
    default:
      g_assert_not_reached ();
    }
}

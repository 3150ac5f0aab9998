/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "event-counts.h"

/* Counts an event of a channel that has no fast lane. Such a channel does not emit the other kinds
 * of events. */
void
event_counts_add (EventCounts   *self,
                  const HbEvent *event)
{
  switch (event->kind)
    {
    case HB_EVENT_ACTIVITY:
      self->n_activities++;
      break;
    case HB_EVENT_DELIVERY:
      g_assert_false (self->is_delivering);
      self->is_delivering = TRUE;
      break;
    case HB_EVENT_DELIVERED:
      g_assert_true (self->is_delivering);
      self->is_delivering = FALSE;
      break;
    case HB_EVENT_PROGRESS:
      g_assert_cmpuint (event->written, >, self->written);
      self->written = event->written;
      self->n_progresses++;
      break;
    case HB_EVENT_BLOCKED:
      self->n_blocked++;
      break;
    case HB_EVENT_WRITABLE:
      self->n_writable++;
      break;
    case HB_EVENT_ACKNOWLEDGED:
    case HB_EVENT_TURN:
    case HB_EVENT_OPENED:
    case HB_EVENT_MESSAGE:
    case HB_EVENT_PONG:
    case HB_EVENT_LOST:
    case HB_EVENT_NETWORK:
    case HB_EVENT_TICK:
    default:
      g_assert_not_reached ();
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-clock-private.h"
#include "hb-driver-steps-private.h"

/* Takes in the messages and calls that other threads have left in the intake, and queries how many
 * bytes the link has written and the peer has acknowledged. */

/* The time, in microseconds, for which other threads may keep the task busy before other sources
 * are dispatched */
#define MAX_BUSY 4000

/* The part of hb_driver_take_in () that is not inline */
void
hb_driver_take_batch_in (HbDriver *self)
{
  HbBatch batch;

  hb_intake_take (&self->intake, &batch);
  hb_driver_make_room (self, batch.unreserved);
  self->now = hb_clock_now ();
  hb_machine_take_in (&self->machine, self->now, &batch);
  hb_batch_clear (&batch);
}

void
hb_driver_follow_delivery (HbDriver *self)
{
  if (self->link == NULL)
    return;

  if (hb_machine_needs_acknowledgements (&self->machine))
    hb_link_begin_acknowledgements (self->link);
  else
    hb_link_end_acknowledgements (self->link);
}

/* After the query, messages may no longer need acknowledgements, so hb_driver_follow_delivery () is
 * called last. */
void
hb_driver_query (HbDriver *self)
{
  if (self->link == NULL)
    return;

  if (hb_machine_is_unacknowledged (&self->machine))
    hb_link_query (self->link);

  hb_driver_follow_delivery (self);
}

/* Updates the machine before it may leave the link or give messages back. Otherwise, a message that
 * has already been written or acknowledged could be sent again, and would arrive twice.
 *
 * When libsoup writes a frame, the link may also write messages that it has gathered, and cannot
 * report them from within libsoup. */
void
hb_driver_catch_up (HbDriver *self)
{
  hb_driver_take_in (self);

  if (self->link != NULL)
    hb_machine_handle (&self->machine, self->now, &(HbEvent) {
      .kind = HB_EVENT_PROGRESS,
      .serial = hb_link_get_serial (self->link),
      .written = hb_link_get_written (self->link),
    });

  hb_driver_query (self);
}

/* The part of hb_driver_show_state () that is not inline. If the task no longer accepts messages,
 * takes in those that other threads sent before they could see the change. The machine drops
 * them. */
void
hb_driver_show_change (HbDriver *self)
{
  g_autoptr (GError) refusal = NULL;

  self->shown_state = self->machine.state;
  hb_machine_check_accepting (&self->machine, &refusal);
  hb_intake_set_refusal (&self->intake, refusal, self->machine.state == HB_STATE_CLOSED);

  if (refusal != NULL)
    hb_driver_take_in (self);
}

/* Takes in the messages and calls that hb_driver_on_woken () has left in the intake. The alarm then
 * carries out the effects. */
static gboolean
turn_cb (gpointer user_data)
{
  HbDriver *self = user_data;

  g_clear_pointer (&self->turn, g_source_unref);

  if (self->awaits_turn)
    {
      self->awaits_turn = FALSE;
      hb_intake_rearm (&self->intake);
      hb_driver_take_in (self);
      hb_alarm_touch (&self->alarm);
    }

  return G_SOURCE_REMOVE;
}

/* Takes in the messages and calls from other threads. If these threads have kept the task busy for
 * MAX_BUSY, leaves this to turn_cb (), so that other sources are dispatched first. */
void
hb_driver_on_woken (HbDriver *self)
{
  gint64 now = hb_clock_now ();

  if (self->turn == NULL)
    {
      self->busy_since = now;
      self->turn = g_idle_source_new ();
      g_source_set_callback (self->turn, turn_cb, self, NULL);
      g_source_set_static_name (self->turn, "[hb] turn");
      g_source_attach (self->turn, self->home.context);
    }

  self->awaits_turn = now - self->busy_since >= MAX_BUSY;
  if (self->awaits_turn)
    return;

  hb_intake_rearm (&self->intake);
  hb_driver_take_in (self);
}

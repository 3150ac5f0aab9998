/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-call-private.h"
#include "hb-clock-private.h"
#include "hb-driver-steps-private.h"
#include "hb-message-private.h"

/* The calls of the application. A call from the task's thread is passed to the machine. Messages
 * and calls from other threads go through the intake. */

static void
cancelled_cb (GTask    *task,
              gpointer  user_data)
{
  HbDriver *self = user_data;

  if (!hb_home_is_own (&self->home))
    {
      hb_intake_cancel (&self->intake, task);
      return;
    }

  hb_trace (&self->trace, "a call was cancelled");
  hb_driver_take_in (self);
  hb_machine_cancel (&self->machine, hb_driver_read_clock (self), task);
  hb_driver_wake (self);
}

static GTask *
start_call (HbDriver *self,
            GTask    *task)
{
  return hb_call_start (task, g_task_get_cancellable (task), cancelled_cb,
                        hb_driver_ref (self), hb_driver_release_cb);
}

/* Sets a property. Messages that other threads have already sent are taken in first, so that the
 * old value decides whether they are accepted. As in hb_settings_set (), @value points to a value
 * of the property's type.
 *
 * Returns whether the property has changed. */
gboolean
hb_driver_set (HbDriver      *self,
               HbProperty     property,
               gconstpointer  value)
{
  if (property == HB_PROPERTY_SESSION)
    return g_set_object (&self->session, *(SoupSession * const *) value);

  hb_driver_take_in (self);

  /* The time is not stored in the driver, for the same reason as in hb_driver_end_emission (). */
  if (!hb_machine_set (&self->machine, hb_clock_now (), property, value))
    {
      hb_driver_wake (self);
      return FALSE;
    }

  hb_trace (&self->trace, "the property %s has changed", hb_property_get_name (property));

  if (self->link != NULL)
    {
      hb_link_apply_settings (self->link);
      hb_driver_follow_delivery (self);
    }

  hb_intake_set_limits (&self->intake, &self->machine.settings);
  hb_driver_wake (self);

  return TRUE;
}

const HbSettings *
hb_driver_get_settings (HbDriver *self)
{
  return &self->machine.settings;
}

SoupSession *
hb_driver_get_session (HbDriver *self)
{
  return self->session;
}

SoupMessageHeaders *
hb_driver_get_request_headers (HbDriver *self)
{
  if (self->request_headers == NULL)
    self->request_headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);

  return self->request_headers;
}

/* Call this when the application sets or unsets a function that recognizes a reply, in place of
 * `pong-message`. */
void
hb_driver_set_has_pong_func (HbDriver *self,
                             gboolean  has_pong_func)
{
  if (!has_pong_func && !self->has_pong_func)
    return;

  self->has_pong_func = has_pong_func;
  hb_machine_change_reply (&self->machine);
  hb_driver_touch_alarm (self);
}

/* Returns whether the task may be used from this thread. If not, prints a critical message that
 * names @function, which is a method or a property. */
gboolean
hb_driver_check_thread (HbDriver   *self,
                        const char *function)
{
  if (hb_home_is_here (&self->home))
    return TRUE;

  g_critical ("%s: the task must be used in the thread that opened it, for example in a "
              "callback of g_idle_add ()", function);
  return FALSE;
}

void
hb_driver_open (HbDriver *self,
                GTask    *task)
{
  hb_driver_enter_context (self);
  hb_trace (&self->trace, "open () called");
  hb_machine_open (&self->machine, hb_driver_read_clock (self),
                   task != NULL ? start_call (self, task) : NULL);
  hb_driver_wake (self);
}

void
hb_driver_close (HbDriver   *self,
                 guint       code,
                 const char *reason,
                 GTask      *task)
{
  GTask *ticket = task != NULL ? start_call (self, task) : NULL;
  g_autoptr (GError) error = NULL;

  hb_trace (&self->trace, "close () called, code %u", code);
  hb_driver_catch_up (self);

  if (!hb_machine_close (&self->machine, hb_driver_read_clock (self), code, reason, ticket, &error))
    {
      if (ticket != NULL)
        hb_call_fail (ticket, g_steal_pointer (&error));
      else
        hb_machine_report (&self->machine, g_steal_pointer (&error));
    }

  hb_driver_wake (self);
}

void
hb_driver_reconnect_now (HbDriver *self)
{
  hb_driver_enter_context (self);
  hb_trace (&self->trace, "reconnect_now () called");
  hb_driver_catch_up (self);
  hb_machine_reconnect_now (&self->machine, hb_driver_read_clock (self));
  hb_driver_wake (self);
}

void
hb_driver_reconnect_later (HbDriver *self)
{
  hb_trace (&self->trace, "reconnect_later () called");
  hb_driver_catch_up (self);
  hb_machine_reconnect_later (&self->machine, hb_driver_read_clock (self));
  hb_driver_wake (self);
}

void
hb_driver_check (HbDriver *self)
{
  hb_trace (&self->trace, "check () called");
  hb_driver_take_in (self);
  hb_machine_check (&self->machine, hb_driver_read_clock (self));
  hb_driver_wake (self);
}

void
hb_driver_mark_ready (HbDriver *self)
{
  hb_trace (&self->trace, "mark_ready () called");
  hb_driver_take_in (self);
  hb_machine_mark_ready (&self->machine, hb_driver_read_clock (self));
  hb_driver_wake (self);
}

void
hb_driver_hold (HbDriver *self)
{
  hb_trace (&self->trace, "hold () called");
  hb_machine_hold (&self->machine);
  hb_driver_wake (self);
}

/* Returns FALSE if attempts were not held. */
gboolean
hb_driver_release (HbDriver *self)
{
  gboolean held;

  hb_trace (&self->trace, "release () called");
  hb_driver_take_in (self);
  held = hb_machine_release (&self->machine, hb_driver_read_clock (self));
  hb_driver_wake (self);

  return held;
}

static gboolean
send_from_outside (HbDriver    *self,
                   HbOutgoing  *message,
                   GError     **error)
{
  gboolean accepted = hb_intake_send (&self->intake, message, error);

  if (!accepted)
    hb_trace_refusal (&self->trace, error != NULL ? *error : NULL);

  return accepted;
}

/* Accepts a message. If the link accepts it too, sends it within this call, even if a handler makes
 * the call. If the message were sent later, buffered-amount would count it until the handler had
 * returned. */
static gboolean
send_from_inside (HbDriver    *self,
                  HbOutgoing  *message,
                  GError     **error)
{
  gboolean may_be_direct = self->link != NULL && hb_link_is_direct (self->link);
  gboolean is_direct = FALSE;
  gboolean accepted;

  hb_driver_take_in (self);
  if (G_UNLIKELY (hb_machine_is_unacknowledged (&self->machine)))
    hb_driver_make_room (self, g_bytes_get_size (message->bytes));

  accepted = hb_machine_send (&self->machine, hb_driver_read_ages (self), message,
                              may_be_direct ? &is_direct : NULL, error);
  if (!accepted)
    hb_trace_refusal (&self->trace, error != NULL ? *error : NULL);

  if (is_direct)
    hb_driver_send_directly (self, message);

  /* Nearly all messages cause no effects. A handler that hb_driver_transmit_now () runs may drop
   * the last reference to the task, so the driver may no longer exist afterwards. */
  if (is_direct && !hb_driver_has_work (self))
    hb_driver_touch_alarm (self);
  else
    hb_driver_transmit_now (self);

  return accepted;
}

/* This function and the next two may be called from any thread. Another thread may open a closed
 * task during the call, so messages and calls for a closed task go through the intake.
 *
 * @ticket: (nullable): the ticket of a call that waits until the message has been sent */
gboolean
hb_driver_send (HbDriver     *self,
                HbOpcode      opcode,
                GBytes       *bytes,
                HbSendFlags   flags,
                GTask        *ticket,
                GError      **error)
{
  HbOutgoing message = {
    .bytes = bytes,
    .ticket = ticket,
    .opcode = opcode,
    .is_volatile = (flags & HB_SEND_FLAGS_VOLATILE) != 0,
    .is_this_link = (flags & HB_SEND_FLAGS_THIS_LINK) != 0,
  };

  return hb_home_is_own (&self->home) ? send_from_inside (self, &message, error)
                                      : send_from_outside (self, &message, error);
}

void
hb_driver_send_async (HbDriver    *self,
                      HbOpcode     opcode,
                      GBytes      *bytes,
                      HbSendFlags  flags,
                      GTask       *task)
{
  GTask *ticket = start_call (self, task);
  GError *error = NULL;

  if (!hb_driver_send (self, opcode, bytes, flags, ticket, &error))
    hb_call_fail (ticket, error);
}

void
hb_driver_flush (HbDriver *self,
                 GTask    *task)
{
  GTask *ticket = start_call (self, task);
  GError *error = NULL;

  if (hb_home_is_own (&self->home))
    {
      hb_driver_take_in (self);
      hb_machine_flush (&self->machine, ticket);
      hb_driver_wake (self);
    }
  else if (hb_intake_flush (&self->intake, ticket, &error))
    {
      hb_call_succeed (ticket);
    }
  else if (error != NULL)
    {
      hb_call_fail (ticket, error);
    }
}

/* Returns FALSE if another thread may use the task, or if the task is closing or closed. */
static gboolean
put_back_cb (HbMessage *message,
             gpointer   user_data)
{
  HbDriver *self = user_data;

  return hb_home_is_own (&self->home)
         && hb_machine_put_back (&self->machine, hb_driver_read_clock (self),
                                 (HbOpcode) hb_message_get_message_type (message),
                                 hb_message_get_bytes (message));
}

/* If the callback of receive_async () runs a main loop, makes that loop emit the messages that have
 * waited for the callback. */
static void
returning_cb (GTask    *task,
              gpointer  user_data)
{
  HbDriver *self = user_data;

  if (hb_home_is_own (&self->home))
    hb_driver_touch_alarm (self);
}

/* Emits the messages that have waited for the callback. */
static void
returned_cb (GTask    *task,
             gpointer  user_data)
{
  HbDriver *self = user_data;

  if (hb_home_is_here (&self->home) && hb_machine_has_effect (&self->machine))
    hb_driver_wake (self);
}

/* @cancellable: (nullable): the caller's, which @task must not have: see hb_call_be_late () */
void
hb_driver_receive (HbDriver     *self,
                   GCancellable *cancellable,
                   GTask        *task)
{
  GTask *ticket = hb_call_start (task, cancellable, cancelled_cb,
                                 hb_driver_ref (self), hb_driver_release_cb);

  hb_machine_receive (&self->machine, hb_driver_read_clock (self),
                      hb_call_be_late (ticket, put_back_cb, returning_cb, returned_cb,
                                       &self->machine.inbox.n_returning));
  hb_driver_wake (self);
}

/* Returns: (transfer container) (element-type HbMessage): the messages, which the array owns */
GPtrArray *
hb_driver_take_queue (HbDriver *self)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func ((GDestroyNotify) hb_message_free);
  HbDeque taken;
  guint i;

  hb_trace (&self->trace, "take_queue () called");
  hb_driver_catch_up (self);
  hb_deque_init (&taken, sizeof (HbOutgoing));
  hb_machine_take_queue (&self->machine, hb_driver_read_clock (self), &taken);

  for (i = 0; i < taken.length; i++)
    {
      HbOutgoing *outgoing = hb_deque_peek (&taken, i);

      g_ptr_array_add (messages, hb_message_new ((SoupWebsocketDataType) outgoing->opcode,
                                                 outgoing->bytes));
      g_bytes_unref (outgoing->bytes);
    }

  hb_deque_clear (&taken);
  hb_driver_wake (self);

  return messages;
}

HbStatus
hb_driver_get_status (HbDriver *self)
{
  return hb_machine_get_status (&self->machine);
}

/* Returns whether a call of the application is about to fail with the domain and code of @error. */
gboolean
hb_driver_will_fail_call (HbDriver     *self,
                          const GError *error)
{
  return hb_effects_fail_call (&self->machine.effects, error);
}

static gboolean
has_open_link (HbDriver *self)
{
  return self->link != NULL && hb_machine_has_open_link (&self->machine);
}

/* Returns: (transfer none) (nullable): NULL while no connection is open */
SoupWebsocketConnection *
hb_driver_get_connection (HbDriver *self)
{
  return has_open_link (self) ? hb_link_get_connection (self->link) : NULL;
}

const char *
hb_driver_get_protocol (HbDriver *self)
{
  return has_open_link (self) ? hb_link_get_protocol (self->link) : NULL;
}

HbMetrics *
hb_driver_get_metrics (HbDriver *self)
{
  return hb_machine_get_metrics (&self->machine, hb_clock_now ());
}

/* Returns when the next attempt is due, on the clock of g_get_monotonic_time (). Returns -1 if no
 * attempt is scheduled, or if attempts are held. */
gint64
hb_driver_get_reconnect_at (HbDriver *self)
{
  gint64 attempt_at = hb_machine_get_attempt_at (&self->machine);

  return attempt_at == HB_NEVER ? -1 : hb_clock_to_monotonic (attempt_at);
}

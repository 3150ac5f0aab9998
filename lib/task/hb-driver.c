/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-alarm-private.h"
#include "hb-call-private.h"
#include "hb-clock-private.h"
#include "hb-driver-private.h"
#include "hb-handshake-private.h"
#include "hb-home-private.h"
#include "hb-i18n-private.h"
#include "hb-link-private.h"
#include "hb-message-private.h"
#include "hb-network-private.h"

/* Joins the machine, which decides, with the link, the alarm and the object that faces the world.
 *
 * Whatever happens goes into the machine first, and then drain () carries out what it wants.
 * Nothing else touches the link or runs code of the application. */
struct _HbDriver
{
  const HbDriverFuncs *funcs;
  GWeakRef             owner;           /* gone before us where another thread drops it */
  HbMachine            machine;
  SoupSession         *given_session;   /* (nullable) the application's */
  SoupSession         *private_session; /* (nullable) ours, in place of it, while not CLOSED */
  gboolean             has_failed;      /* the last attempt has not opened a connection */
  SoupMessageHeaders  *request_headers;
  HbLink              *link;            /* (nullable) */
  HbHome               home;            /* entered until CLOSED, as the next two */
  GSource             *alarm;           /* (nullable) */
  HbNetwork           *network;         /* (nullable) */
  gint64               now;             /* when the clock was last read */
  guint                draining;        /* how many drains are running, one in the other */
};

static void drain (HbDriver *self);

static HbDriver *
ref_driver (HbDriver *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
free_driver (gpointer data)
{
  HbDriver *self = data;

  g_assert (self->link == NULL);
  hb_machine_clear (&self->machine);
  g_clear_object (&self->given_session);
  g_clear_pointer (&self->request_headers, soup_message_headers_unref);
  g_weak_ref_clear (&self->owner);
  hb_home_clear (&self->home);
}

static void
release_driver (gpointer self)
{
  hb_driver_unref (self);
}

static gboolean
is_closed (HbDriver *self)
{
  return self->machine.state == HB_STATE_CLOSED;
}

static gint64
read_clock (HbDriver *self)
{
  self->now = hb_clock_now ();

  return self->now;
}

/* What is still to be carried out must not wait for the end of a main loop that a handler runs. */
static gint64
when_wanted (gpointer user_data)
{
  HbDriver *self = user_data;

  return self->machine.effects.length > 0
         ? HB_AT_ONCE
         : hb_machine_get_deadline (&self->machine);
}

/* Before code of the application runs as well as after it, as that may run a main loop. */
static void
touch_alarm (HbDriver *self)
{
  if (self->alarm != NULL)
    hb_alarm_touch (self->alarm);
}

static void
emit (HbDriver       *self,
      const HbEffect *effect)
{
  g_autoptr (GObject) owner = g_weak_ref_get (&self->owner);

  if (owner != NULL)
    self->funcs->emit (owner, effect);
}

/* Carries out what the machine wants, now or, where that is being done already, next. */
static void
wake (HbDriver *self)
{
  if (self->draining == 0)
    drain (self);
  else
    touch_alarm (self);
}

/* Ends a pause of the reading, so that it is over in the next turn of the loop. */
static HbReading
read_on (HbDriver *self)
{
  if (self->link == NULL)
    return HB_READING_DONE;

  if (hb_link_is_held_up (self->link))
    return HB_READING_HELD_UP;

  return hb_link_read_on (self->link) ? HB_READING_LATER : HB_READING_DONE;
}

/* The events of one read share its time: to read the clock for each message would take as long as
 * the machine does. */
static gint64
get_time (HbDriver    *self,
          HbEventKind  kind)
{
  switch (kind)
    {
    case HB_EVENT_MESSAGE:
    case HB_EVENT_PONG:
    case HB_EVENT_SENT:
    case HB_EVENT_PROGRESS:
    case HB_EVENT_BLOCKED:
      return self->now;

    case HB_EVENT_OPENED:
    case HB_EVENT_ACTIVITY:
    case HB_EVENT_WRITABLE:
    case HB_EVENT_LOST:
    case HB_EVENT_NETWORK:
    case HB_EVENT_TICK:
      return read_clock (self);

    default:
      g_assert_not_reached ();
    }
}

static void
event_cb (const HbEvent *event,
          gpointer       user_data)
{
  HbDriver *self = user_data;

  if (event->kind == HB_EVENT_OPENED)
    self->has_failed = FALSE;

  hb_machine_handle (&self->machine, get_time (self, event->kind), event);

  /* Activity has no effect but on a deadline. */
  if (event->kind == HB_EVENT_ACTIVITY)
    touch_alarm (self);
  else
    wake (self);
}

static void
tick (HbDriver *self)
{
  HbEvent event = {
    .kind = HB_EVENT_TICK,
    .tick.reading = read_on (self),
    .tick.is_queued = self->link != NULL && hb_link_is_queued (self->link),
  };

  hb_machine_handle (&self->machine, read_clock (self), &event);
}

static gboolean
alarm_cb (gpointer user_data)
{
  HbDriver *self = user_data;
  gboolean has_ended = self->link != NULL && hb_link_has_ended (self->link);

  /* A link that has ended reports that, and the reason, in this iteration. A tick would hide it. */
  if (hb_alarm_is_due (self->alarm) && !has_ended)
    tick (self);

  drain (self);

  return G_SOURCE_CONTINUE;
}

static gboolean
network_cb (gpointer user_data)
{
  event_cb (&(HbEvent) { .kind = HB_EVENT_NETWORK }, user_data);

  return G_SOURCE_CONTINUE;
}

static void
leave_context (HbDriver *self)
{
  if (self->alarm == NULL)
    return;

  g_source_destroy (self->alarm);
  g_clear_pointer (&self->alarm, g_source_unref);
  g_clear_pointer (&self->network, hb_network_unwatch);
  g_clear_object (&self->private_session);
  hb_home_leave (&self->home);
}

/* The task belongs to the context of the moment at which it leaves CLOSED. */
static void
enter_context (HbDriver *self)
{
  if (!is_closed (self) || self->machine.disposed)
    return;

  leave_context (self);
  hb_home_enter (&self->home);
  self->alarm = hb_alarm_new (when_wanted, self);
  g_source_set_callback (self->alarm, alarm_cb, ref_driver (self), release_driver);
  g_source_attach (self->alarm, self->home.context);
}

static void
watch_network (HbDriver *self)
{
  gboolean wanted = self->machine.settings.network_aware && !is_closed (self);

  if (wanted && self->network == NULL)
    self->network = hb_network_watch (self->home.context, network_cb, self);
  else if (!wanted)
    g_clear_pointer (&self->network, hb_network_unwatch);
}

/* A session looks a server's name up once. It would go to an address that the name no longer has
 * for as long as it lives, so after a failed attempt, or a connection that did not last, the
 * private session is replaced. */
static SoupSession *
get_session (HbDriver *self)
{
  gboolean is_stale = self->has_failed || self->machine.attempt > 1;

  self->has_failed = TRUE;

  if (self->given_session != NULL)
    return self->given_session;

  if (is_stale)
    g_clear_object (&self->private_session);

  if (self->private_session == NULL)
    self->private_session = hb_handshake_new_session ();

  return self->private_session;
}

static void
send_request (HbDriver       *self,
              const HbEffect *effect)
{
  if (self->link == NULL || !hb_machine_is_current (&self->machine, effect))
    return;

  if (hb_machine_on_requested (&self->machine, read_clock (self)))
    hb_link_connect (self->link, get_session (self), &self->machine.settings);
}

/* The application may take its time over the request: it goes out when the handlers are done. */
static void
connect_link (HbDriver       *self,
              const HbEffect *effect)
{
  g_autoptr (GObject) owner = g_weak_ref_get (&self->owner);
  g_autoptr (SoupMessage) request = NULL;

  if (owner == NULL || !hb_machine_is_current (&self->machine, effect)
      || !hb_machine_on_announcing (&self->machine, read_clock (self)))
    return;

  self->link = hb_link_new (effect->serial, &self->machine.settings, self->request_headers,
                            event_cb, self);
  request = g_object_ref (hb_link_get_request (self->link));
  self->funcs->connecting (owner, request);
  g_clear_object (&owner);

  if (hb_machine_on_announced (&self->machine, effect))
    send_request (self, effect);
}

static void
transmit (HbDriver *self)
{
  const HbOutgoing *message;

  while (self->link != NULL && (message = hb_machine_take_message (&self->machine)) != NULL)
    hb_link_send (self->link, message->opcode, message->bytes);
}

/* A message goes out in the call that sends it, from a handler too, so that buffered-amount has one
 * meaning. There can be no other link by then: the outbox is open only while the machine's is
 * ours. */
static void
transmit_now (HbDriver *self)
{
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = hb_home_push (&self->home);

  ref_driver (self);
  self->draining++;
  transmit (self);
  self->draining--;

  wake (self);
  hb_driver_unref (self);
}

static void
ping (HbDriver *self)
{
  g_autoptr (GObject) owner = g_weak_ref_get (&self->owner);
  guint serial = self->link != NULL ? hb_link_get_serial (self->link) : 0;
  g_autofree char *text = NULL;

  if (owner == NULL)
    return;

  text = self->funcs->make_ping (owner);
  g_clear_object (&owner);

  /* The function is the application's, and may have done anything, a new link included. That may be
   * one which the machine wanted before: its number is then the machine's already. */
  if (self->link == NULL || hb_link_get_serial (self->link) != serial)
    return;

  hb_machine_on_pinged (&self->machine, read_clock (self));
  hb_link_ping (self->link, self->machine.settings.heartbeat_mode,
                text != NULL ? text : self->machine.settings.ping_message);
}

static void
announce_attempt (HbDriver *self,
                  HbEffect *effect)
{
  g_autoptr (GObject) owner = g_weak_ref_get (&self->owner);
  gboolean has_delay;
  guint delay;

  if (owner == NULL || !hb_machine_is_current (&self->machine, effect))
    return;

  has_delay = self->funcs->get_delay (owner, effect->reconnect.attempt, &delay);
  g_clear_object (&owner);

  if (!hb_machine_is_current (&self->machine, effect))
    return;

  if (has_delay)
    hb_machine_set_delay (&self->machine, effect, delay);

  emit (self, effect);
}

static void
carry_out (HbDriver *self,
           HbEffect *effect)
{
  switch (effect->kind)
    {
    case HB_EFFECT_DROP:
      g_clear_pointer (&self->link, hb_link_drop);
      break;
    case HB_EFFECT_CONNECT:
      connect_link (self, effect);
      break;
    case HB_EFFECT_REQUEST:
      send_request (self, effect);
      break;
    case HB_EFFECT_TRANSMIT:
      transmit (self);
      break;
    case HB_EFFECT_PING:
      ping (self);
      break;
    case HB_EFFECT_SHUT_DOWN:
      if (self->link != NULL)
        hb_link_close (self->link, effect->close.code, effect->close.reason);
      break;
    case HB_EFFECT_OPEN:
      emit (self, effect);
      hb_machine_on_greeted (&self->machine, effect->serial);
      break;
    case HB_EFFECT_NOTIFY:
    case HB_EFFECT_MESSAGE:
    case HB_EFFECT_CLOSE:
    case HB_EFFECT_ERROR:
    case HB_EFFECT_DRAIN:
      emit (self, effect);
      break;
    case HB_EFFECT_RECONNECT:
      announce_attempt (self, effect);
      break;
    case HB_EFFECT_RESOLVE:
      hb_call_end (effect);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* What is to come next, when there is nothing left to be done now. */
static void
rest (HbDriver *self)
{
  if (is_closed (self))
    {
      leave_context (self);
      return;
    }

  watch_network (self);
}

/* Runs code of the application, which may call anything, drop the last reference, or run a main
 * loop and this function with it. */
static void
drain (HbDriver *self)
{
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = hb_home_push (&self->home);
  HbEffect effect;

  ref_driver (self);
  self->draining++;

  while (hb_machine_pop_effect (&self->machine, &effect))
    {
      touch_alarm (self);
      carry_out (self, &effect);
      hb_effect_clear (&effect);
    }

  self->draining--;

  if (self->draining == 0)
    rest (self);

  touch_alarm (self);

  hb_driver_unref (self);
}

static void
cancelled_cb (GTask    *task,
              gpointer  user_data)
{
  HbDriver *self = user_data;

  hb_machine_cancel (&self->machine, read_clock (self), task);
  wake (self);
}

static GTask *
start_call (HbDriver *self,
            GTask    *task)
{
  return hb_call_start (task, cancelled_cb, ref_driver (self), release_driver);
}

HbDriver *
hb_driver_new (const HbDriverFuncs *funcs,
               GObject             *owner)
{
  HbDriver *self = g_atomic_rc_box_new0 (HbDriver);

  self->funcs = funcs;
  g_weak_ref_init (&self->owner, owner);
  hb_home_init (&self->home);
  self->request_headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
  hb_machine_init (&self->machine, g_random_int ());

  return self;
}

static gboolean
end_cb (gpointer user_data)
{
  HbDriver *self = user_data;
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = hb_home_push (&self->home);

  /* No signal says this, and a script may not know that its garbage collector took the task. */
  if (!is_closed (self))
    g_debug ("The last reference to a task that is not closed is gone, and the connection with it. "
             "Keep the task in a variable for as long as it is needed");

  hb_machine_dispose (&self->machine, hb_clock_now ());
  g_clear_pointer (&self->link, hb_link_drop);
  leave_context (self);
  drain (self);

  return G_SOURCE_REMOVE;
}

/* The end, in any state and more than once. A garbage collector may call this in any thread. */
void
hb_driver_dispose (HbDriver *self)
{
  hb_home_call (&self->home, end_cb, ref_driver (self), release_driver);
}

void
hb_driver_unref (HbDriver *self)
{
  g_atomic_rc_box_release_full (self, free_driver);
}

/* Takes effect at the next attempt. What has been made with the present session keeps it alive. */
static gboolean
set_session (HbDriver    *self,
             SoupSession *session)
{
  G_GNUC_UNUSED g_autoptr (SoupSession) private = NULL;

  if (!g_set_object (&self->given_session, session))
    return FALSE;

  private = g_steal_pointer (&self->private_session);

  return TRUE;
}

/* Sets a property, and applies it to the link and to what the machine has planned. As in
 * hb_settings_set (), @value points to a value of the property's type.
 *
 * Returns whether the property has changed. */
gboolean
hb_driver_set (HbDriver      *self,
               HbProperty     property,
               gconstpointer  value)
{
  if (property == HB_PROPERTY_SESSION)
    return set_session (self, *(SoupSession * const *) value);

  if (!hb_settings_set (&self->machine.settings, property, value))
    return FALSE;

  if (self->link != NULL)
    hb_link_set_max_message_size (self->link, self->machine.settings.max_message_size);

  hb_machine_apply_settings (&self->machine, read_clock (self));
  wake (self);

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
  return self->given_session;
}

SoupMessageHeaders *
hb_driver_get_request_headers (HbDriver *self)
{
  return self->request_headers;
}

/* Whether the task may be used from this thread. */
gboolean
hb_driver_check_thread (HbDriver   *self,
                        const char *function)
{
  if (hb_home_is_here (&self->home))
    return TRUE;

  g_critical ("%s: the task belongs to the thread that has opened it; call it from there, "
              "for example by g_main_context_invoke ()", function);
  return FALSE;
}

void
hb_driver_open (HbDriver *self,
                GTask    *task)
{
  enter_context (self);
  hb_machine_open (&self->machine, read_clock (self),
                   task != NULL ? start_call (self, task) : NULL);
  wake (self);
}

void
hb_driver_close (HbDriver   *self,
                 guint       code,
                 const char *reason,
                 GTask      *task)
{
  GTask *ticket = task != NULL ? start_call (self, task) : NULL;
  g_autoptr (GError) error = NULL;

  if (!hb_machine_close (&self->machine, read_clock (self), code, reason, ticket, &error))
    {
      if (ticket != NULL)
        hb_call_fail (ticket, g_steal_pointer (&error));
      else if (!self->machine.disposed)
        hb_effects_push_error (&self->machine.effects, g_steal_pointer (&error));
    }

  wake (self);
}

void
hb_driver_reconnect_now (HbDriver *self)
{
  enter_context (self);
  hb_machine_reconnect_now (&self->machine, read_clock (self));
  wake (self);
}

void
hb_driver_reconnect_later (HbDriver *self)
{
  hb_machine_reconnect_later (&self->machine, read_clock (self));
  wake (self);
}

void
hb_driver_check (HbDriver *self)
{
  hb_machine_check (&self->machine, read_clock (self));
  wake (self);
}

void
hb_driver_hold (HbDriver *self)
{
  hb_machine_hold (&self->machine);
  wake (self);
}

/* Returns FALSE where there was no hold. */
gboolean
hb_driver_release (HbDriver *self)
{
  gboolean held = hb_machine_release (&self->machine, read_clock (self));

  wake (self);

  return held;
}

gboolean
hb_driver_send (HbDriver     *self,
                HbOpcode      opcode,
                GBytes       *bytes,
                HbSendFlags   flags,
                GError      **error)
{
  gboolean accepted;

  accepted = hb_machine_send (&self->machine, opcode, bytes, flags, NULL, error);
  transmit_now (self);

  return accepted;
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

  if (!hb_machine_send (&self->machine, opcode, bytes, flags, ticket, &error))
    hb_call_fail (ticket, error);

  transmit_now (self);
}

void
hb_driver_flush (HbDriver *self,
                 GTask    *task)
{
  hb_machine_flush (&self->machine, start_call (self, task));
  wake (self);
}

/* Returns: (transfer container) (element-type HbMessage): owns its messages */
GPtrArray *
hb_driver_take_queue (HbDriver *self)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func ((GDestroyNotify) hb_message_free);
  HbDeque taken;
  guint i;

  hb_deque_init (&taken, sizeof (HbOutgoing));
  hb_machine_take_queue (&self->machine, &taken);

  for (i = 0; i < taken.length; i++)
    {
      HbOutgoing *outgoing = hb_deque_peek (&taken, i);

      g_ptr_array_add (messages, hb_message_new ((SoupWebsocketDataType) outgoing->opcode,
                                                 outgoing->bytes));
      g_bytes_unref (outgoing->bytes);
    }

  hb_deque_clear (&taken);
  wake (self);

  return messages;
}

HbStatus
hb_driver_get_status (HbDriver *self)
{
  return hb_machine_get_status (&self->machine);
}

/* Returns whether a call of the application is about to fail with the error. */
gboolean
hb_driver_will_fail_call (HbDriver     *self,
                          const GError *error)
{
  return hb_effects_fail_call (&self->machine.effects, error);
}

/* The application sees a connection for as long as it can be used. */
SoupWebsocketConnection *
hb_driver_get_connection (HbDriver *self)
{
  if (self->machine.state != HB_STATE_OPEN && self->machine.state != HB_STATE_CLOSING)
    return NULL;

  return self->link != NULL ? hb_link_get_connection (self->link) : NULL;
}

const char *
hb_driver_get_protocol (HbDriver *self)
{
  return hb_driver_get_connection (self) != NULL ? hb_link_get_protocol (self->link) : NULL;
}

HbMetrics *
hb_driver_get_metrics (HbDriver *self)
{
  return hb_machine_get_metrics (&self->machine, hb_clock_now ());
}

/* In time of g_get_monotonic_time (), -1 if there is none */
gint64
hb_driver_get_reconnect_at (HbDriver *self)
{
  gint64 attempt_at = hb_machine_get_attempt_at (&self->machine);

  return attempt_at == HB_NEVER ? -1 : hb_clock_to_monotonic (attempt_at);
}

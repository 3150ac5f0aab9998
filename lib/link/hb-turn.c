/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-alarm-private.h"
#include "hb-clock-private.h"
#include "hb-context-private.h"
#include "hb-home-private.h"
#include "hb-time-private.h"
#include "hb-turn-private.h"

/* Limits how many attempts of one session run at once. In each step of an attempt, libsoup looks at
 * all requests of the session. If thousands of attempts ran at once, for example after the restart
 * of a server, they would take minutes of CPU time. The private sessions of a context count as one
 * session, because each of them has sources that the loop queries in each iteration.
 *
 * Attempts to connect to a host that does not answer must not block other attempts. If attempts
 * wait, and none has started for the time STALL, the running ones no longer count. */

#define STALL (500 * G_TIME_SPAN_MILLISECOND)

/* The attempts that one thread makes with one session in one main context. The thread is part of
 * the key, because a thread without a context of its own may make attempts in the global default
 * context while another thread runs that context. */
struct _HbGate
{
  SoupSession  *session;    /* (nullable) NULL for all private sessions; the attempts own it */
  GMainContext *context;    /* the attempts own it */
  gpointer      thread;
  GQueue        waiting;    /* (element-type HbTurn) (not owned) */
  HbAlarm       alarm;
  gint64        stalls_at;  /* when the running attempts no longer count, if others wait */
  guint         n_running;  /* the running attempts of this generation */
  guint         generation; /* Attempts of earlier generations do not count. */
};

/* Protects the table of gates, but not the gates. */
static GMutex mutex;
static GHashTable *gates; /* (element-type HbGate HbGate) (nullable) (not owned) */

static guint
hash_gate (gconstpointer data)
{
  const HbGate *self = data;

  return g_direct_hash (self->session) ^ g_direct_hash (self->context)
         ^ g_direct_hash (self->thread);
}

static gboolean
is_same_gate (gconstpointer one,
              gconstpointer other)
{
  const HbGate *first = one;
  const HbGate *second = other;

  return first->session == second->session && first->context == second->context
         && first->thread == second->thread;
}

static void
free_gate (gpointer data)
{
  HbGate *self = data;

  hb_alarm_leave (&self->alarm);

  g_mutex_lock (&mutex);
  g_hash_table_remove (gates, self);
  g_mutex_unlock (&mutex);
}

static void
unref_gate (HbGate *self)
{
  g_rc_box_release_full (self, free_gate);
}

static void
begin (HbTurn *self)
{
  self->generation = self->gate->generation;
  self->gate->n_running++;
  self->gate->stalls_at = hb_clock_now () + STALL;
}

static void
run (HbTurn *self)
{
  HbTurnFunc func = g_steal_pointer (&self->func);

  begin (self);
  func (self->user_data);
}

static gboolean
can_run (const HbGate *self)
{
  return self->waiting.length > 0 && self->n_running < HB_TURN_MAX_AT_ONCE;
}

static gint64
get_deadline (gpointer  user_data,
              gint64   *earliest)
{
  const HbGate *self = user_data;

  if (self->waiting.length == 0)
    return HB_NEVER;

  return can_run (self) ? HB_AT_ONCE : self->stalls_at;
}

static void
alarm_cb (gpointer user_data)
{
  HbGate *self = g_rc_box_acquire (user_data);
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = hb_context_push (self->context);

  if (self->alarm.is_due)
    {
      self->n_running = 0;
      self->generation++;
    }

  while (can_run (self))
    run (g_queue_pop_head_link (&self->waiting)->data);

  unref_gate (self);
}

/* Returns: (transfer full) */
static HbGate *
acquire_gate (SoupSession  *session,
              GMainContext *context)
{
  HbGate key = { .session = session, .context = context, .thread = hb_home_get_thread () };
  HbGate *self;

  g_mutex_lock (&mutex);

  if (gates == NULL)
    gates = g_hash_table_new (hash_gate, is_same_gate);

  self = g_hash_table_lookup (gates, &key);
  if (self != NULL)
    {
      g_rc_box_acquire (self);
    }
  else
    {
      self = g_rc_box_dup (sizeof key, &key);
      hb_alarm_init (&self->alarm, get_deadline, alarm_cb, self);
      hb_alarm_enter (&self->alarm, context);
      g_hash_table_add (gates, self);
    }

  g_mutex_unlock (&mutex);

  return self;
}

/* Begins a turn. Returns TRUE if the attempt may run at once. Otherwise @func is called when the
 * attempt may run, unless hb_turn_end () is called first. @session and @context must exist until
 * hb_turn_end ().
 *
 * @session: (nullable): NULL for a private one */
gboolean
hb_turn_take (HbTurn       *self,
              SoupSession  *session,
              GMainContext *context,
              HbTurnFunc    func,
              gpointer      user_data)
{
  g_assert (self->gate == NULL);

  self->gate = acquire_gate (session, context);

  if (self->gate->n_running < HB_TURN_MAX_AT_ONCE && self->gate->waiting.length == 0)
    {
      begin (self);
      return TRUE;
    }

  self->func = func;
  self->user_data = user_data;
  self->link.data = self;
  g_queue_push_tail_link (&self->gate->waiting, &self->link);
  hb_alarm_touch (&self->gate->alarm);

  return FALSE;
}

/* Ends the turn, if any, of an attempt that has ended or is no longer needed. */
void
hb_turn_end (HbTurn *self)
{
  HbGate *gate = g_steal_pointer (&self->gate);

  if (gate == NULL)
    return;

  if (self->func != NULL)
    {
      g_queue_unlink (&gate->waiting, &self->link);
      self->func = NULL;
    }
  else if (self->generation == gate->generation)
    {
      gate->n_running--;
    }

  hb_alarm_touch (&gate->alarm);
  unref_gate (gate);
}

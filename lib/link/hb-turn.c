/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-context-private.h"
#include "hb-turn-private.h"

/* Bounds how many attempts of one session run at once. Each step of an attempt makes libsoup look
 * at all requests of the session, so thousands of attempts at once, after the restart of a server,
 * would take minutes of CPU time. With 3,000 of them the bound saves eleven twelfths of it.
 *
 * Attempts to connect to a host that does not answer must not block the others. If no attempt has
 * started for a while, those that run no longer count. */

#define STALL (500 * G_TIME_SPAN_MILLISECOND)

/* The attempts of one session in one main context, whose thread alone uses it */
struct _HbGate
{
  SoupSession  *session;    /* with the context, the key; the attempts own both */
  GMainContext *context;
  GQueue        waiting;    /* of HbTurn */
  GSource      *source;     /* (nullable) NULL while no attempt waits */
  gint64        stalls_at;
  guint         n_running;  /* of this generation */
  guint         generation; /* The attempts of earlier ones do not count. */
};

/* Protects the table only. */
static GMutex mutex;
static GHashTable *gates; /* (element-type HbGate HbGate) (nullable) NULL if there are none */

static guint
hash_gate (gconstpointer data)
{
  const HbGate *self = data;

  return g_direct_hash (self->session) ^ g_direct_hash (self->context);
}

static gboolean
is_same_gate (gconstpointer one,
              gconstpointer other)
{
  const HbGate *first = one;
  const HbGate *second = other;

  return first->session == second->session && first->context == second->context;
}

static void
free_gate (gpointer data)
{
  HbGate *self = data;

  g_assert (self->source == NULL);

  g_mutex_lock (&mutex);
  g_hash_table_remove (gates, self);
  if (g_hash_table_size (gates) == 0)
    g_clear_pointer (&gates, g_hash_table_unref);
  g_mutex_unlock (&mutex);
}

static void
unref_gate (HbGate *self)
{
  g_rc_box_release_full (self, free_gate);
}

/* Returns: (transfer full) */
static HbGate *
acquire_gate (SoupSession  *session,
              GMainContext *context)
{
  HbGate key = { .session = session, .context = context };
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
      g_hash_table_add (gates, self);
    }

  g_mutex_unlock (&mutex);

  return self;
}

static void
run (HbTurn *self)
{
  HbTurnFunc func = g_steal_pointer (&self->func);

  self->generation = self->gate->generation;
  self->gate->n_running++;
  self->gate->stalls_at = g_get_monotonic_time () + STALL;
  func (self->user_data);
}

static void
clear_source (HbGate *self)
{
  if (self->source == NULL || self->waiting.length > 0)
    return;

  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static gboolean
source_cb (gpointer user_data)
{
  HbGate *self = g_rc_box_acquire (user_data);
  G_GNUC_UNUSED g_autoptr (GMainContextPusher) pusher = hb_context_push (self->context);

  if (g_get_monotonic_time () >= self->stalls_at)
    {
      self->n_running = 0;
      self->generation++;
    }

  while (self->n_running < HB_TURN_MAX_AT_ONCE && self->waiting.length > 0)
    run (g_queue_pop_head_link (&self->waiting)->data);

  if (self->source != NULL)
    g_source_set_ready_time (self->source, self->stalls_at);

  clear_source (self);
  unref_gate (self);

  return G_SOURCE_CONTINUE;
}

static gboolean
source_dispatch (GSource     *source,
                 GSourceFunc  callback,
                 gpointer     user_data)
{
  return callback (user_data);
}

static GSourceFuncs source_funcs = { .dispatch = source_dispatch };

static void
wait (HbTurn *self)
{
  HbGate *gate = self->gate;

  self->link.data = self;
  g_queue_push_tail_link (&gate->waiting, &self->link);
  if (gate->source != NULL)
    return;

  gate->source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_callback (gate->source, source_cb, gate, NULL);
  g_source_set_static_name (gate->source, "[hb] attempts");
  g_source_set_ready_time (gate->source, gate->stalls_at);
  g_source_attach (gate->source, gate->context);
}

/* Calls @func at once or, if many attempts run, when fewer run. @session and @context must exist
 * until hb_turn_end (). */
void
hb_turn_take (HbTurn       *self,
              SoupSession  *session,
              GMainContext *context,
              HbTurnFunc    func,
              gpointer      user_data)
{
  g_assert (self->gate == NULL);

  self->gate = acquire_gate (session, context);
  self->func = func;
  self->user_data = user_data;

  if (self->gate->n_running < HB_TURN_MAX_AT_ONCE && self->gate->waiting.length == 0)
    run (self);
  else
    wait (self);
}

/* Ends the turn of an attempt that has ended or is no longer needed. Does nothing if the attempt
 * has no turn. */
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

  clear_source (gate);
  if (gate->source != NULL && gate->n_running < HB_TURN_MAX_AT_ONCE)
    g_source_set_ready_time (gate->source, 0);

  unref_gate (gate);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-call-private.h"
#include "hb-i18n-private.h"
#include "hb-message-private.h"

/* A pending asynchronous call of the application, stored as the task data of a GTask. That GTask is
 * the call's ticket, by which the machine identifies the call. */
typedef struct
{
  HbCallFunc      cancelled;
  gpointer        user_data;
  GDestroyNotify  destroy;
  GCancellable   *cancellable; /* (owned) (nullable) the caller's */
  GSource        *source;      /* (nullable) watches `cancellable` */
  GMainContext   *context;     /* (owned) (nullable) of `source` */
  HbMessage      *message;     /* (nullable) received, and not returned yet */
  GError         *error;       /* (nullable) why the call fails; NULL once it has been returned */
  HbCallPutBack   put_back;    /* (nullable) this and the next three: see hb_call_be_late () */
  HbCallFunc      returning;
  HbCallFunc      returned;
  int            *n_returning; /* (atomic) */
} HbCall;

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  HbCall *self = g_task_get_task_data (user_data);

  self->cancelled (user_data, self->user_data);

  return G_SOURCE_REMOVE;
}

static void
free_call (gpointer data)
{
  HbCall *self = data;

  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_pointer (&self->message, hb_message_free);
  g_clear_error (&self->error);
  self->destroy (self->user_data);
  g_free (self);
}

static void
stop_watching (GTask *task)
{
  HbCall *self = g_task_get_task_data (task);

  if (self->source != NULL)
    g_source_destroy (self->source);
}

/* Makes @task a ticket for the machine, which returns the ticket in an HB_EFFECT_RESOLVE.
 * @cancelled is called in the caller's context when @cancellable is triggered. The GTask does not
 * check the GCancellable itself, because only the machine knows whether the call can still be
 * cancelled.
 *
 * @cancellable: (nullable): the caller's
 *
 * Returns: (transfer full): the ticket */
GTask *
hb_call_start (GTask          *task,
               GCancellable   *cancellable,
               HbCallFunc      cancelled,
               gpointer        user_data,
               GDestroyNotify  destroy)
{
  HbCall *self = g_new0 (HbCall, 1);

  self->cancelled = cancelled;
  self->user_data = user_data;
  self->destroy = destroy;
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, self, free_call);

  if (cancellable != NULL)
    {
      self->cancellable = g_object_ref (cancellable);
      self->source = g_cancellable_source_new (cancellable);

      /* The source holds a reference to the GTask, because the thread of the HbWebsocketTask may
       * end the call while the caller's thread dispatches the source. */
      g_source_set_callback (self->source, G_SOURCE_FUNC (cancelled_cb), g_object_ref (task),
                             g_object_unref);
      g_source_set_static_name (self->source, "[hb] cancelled");
      g_source_attach (self->source, g_task_get_context (task));

      /* GTask releases its context before its data. The caller's thread could then free the context
       * while the thread of the HbWebsocketTask releases the source. */
      self->context = g_main_context_ref (g_task_get_context (task));
    }

  return g_object_ref (task);
}

/* Fails the call of a ticket that neither the machine nor the intake has accepted. Takes ownership
 * of the ticket and of @error. */
void
hb_call_fail (GTask  *task,
              GError *error)
{
  stop_watching (task);
  g_task_return_error (task, error);
  g_object_unref (task);
}

/* Call this for a call that receives a message. Such a call returns in the next iteration of the
 * loop. If its callback were called within the delivery of the message and ran a main loop until
 * the next message was received, it would never return. A call that fails while another call waits
 * to return also returns later, so that callbacks are called in order.
 *
 * The GTask must not have the caller's GCancellable. If that were triggered before the callback was
 * called, GTask would call the callback another iteration later, after the next message.
 *
 * @put_back: called if the call has received a message, its GCancellable has been triggered, and
 *   @n_returning counts no other call; returns TRUE if it has taken the message back
 * @returning: called just before the callback
 * @returned: called after the callback
 * @n_returning: see HbInbox; it must exist until the ticket has been released
 *
 * Returns: (transfer full): @task, which is the ticket */
GTask *
hb_call_be_late (GTask         *task,
                 HbCallPutBack  put_back,
                 HbCallFunc     returning,
                 HbCallFunc     returned,
                 int           *n_returning)
{
  HbCall *self = g_task_get_task_data (task);

  self->put_back = put_back;
  self->returning = returning;
  self->returned = returned;
  self->n_returning = n_returning;

  return task;
}

static GError *
new_cancelled_error (void)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _("The call was cancelled"));
}

/* Without put_back (), a message would be lost in asyncio, which ignores the result of a call that
 * it has cancelled. */
static gboolean
return_cb (gpointer user_data)
{
  HbCall *self = g_task_get_task_data (user_data);
  gboolean is_last = g_atomic_int_dec_and_test (self->n_returning);

  if (is_last && self->message != NULL && g_cancellable_is_cancelled (self->cancellable)
      && self->put_back (self->message, self->user_data))
    self->error = new_cancelled_error ();

  self->returning (user_data, self->user_data);

  if (self->error != NULL)
    g_task_return_error (user_data, g_steal_pointer (&self->error));
  else
    g_task_return_pointer (user_data, g_steal_pointer (&self->message),
                           (GDestroyNotify) hb_message_free);

  self->returned (user_data, self->user_data);

  return G_SOURCE_REMOVE;
}

/* The call must already be counted in `n_returning`. The source holds a reference to the GTask, and
 * the GTask holds one to the context, so the source exists until it is dispatched. */
static void
return_later (GTask *task)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, g_task_get_priority (task));
  g_source_set_callback (source, return_cb, g_object_ref (task), g_object_unref);
  g_source_set_static_name (source, "[hb] received");
  g_source_attach (source, g_task_get_context (task));
}

/* Takes ownership of @message. */
static void
return_message (GTask     *task,
                HbMessage *message)
{
  HbCall *self = g_task_get_task_data (task);

  self->message = message;
  return_later (task);
}

/* Returns whether the callback of a call that fails must wait. For a call that receives no message,
 * GTask decides this. A handler of the GCancellable may have made the call fail. If the callback
 * disconnected that handler, it would wait forever for the handler to return. */
static gboolean
fails_late (HbCall *self)
{
  return self->n_returning != NULL
         && (g_atomic_int_get (self->n_returning) > 0
             || g_cancellable_is_cancelled (self->cancellable));
}

/* Takes ownership of @error. */
static void
return_error (GTask  *task,
              GError *error)
{
  HbCall *self = g_task_get_task_data (task);

  if (!fails_late (self))
    {
      g_task_return_error (task, error);
      return;
    }

  self->error = error;
  g_atomic_int_inc (self->n_returning);
  return_later (task);
}

/* The ticket must not have been passed to the machine. Takes ownership of the ticket. */
void
hb_call_succeed (GTask *task)
{
  stop_watching (task);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* Completes the call of an HB_EFFECT_RESOLVE, unless the outcome is HB_OUTCOME_NONE. Takes
 * ownership of the ticket and of the error. */
void
hb_call_complete (HbEffect *effect)
{
  g_autoptr (GTask) task = G_TASK (effect->resolve.ticket);

  stop_watching (task);

  switch (effect->resolve.outcome)
    {
    case HB_OUTCOME_DONE:
      g_task_return_boolean (task, TRUE);
      break;
    case HB_OUTCOME_RECEIVED:
      return_message (task, hb_message_new ((SoupWebsocketDataType) effect->resolve.opcode,
                                            effect->resolve.bytes));
      break;
    case HB_OUTCOME_CANCELLED:
      return_error (task, new_cancelled_error ());
      break;
    case HB_OUTCOME_FAILED:
      return_error (task, g_steal_pointer (&effect->resolve.error));
      break;
    case HB_OUTCOME_NONE:
      break;
    default:
      g_assert_not_reached ();
    }
}

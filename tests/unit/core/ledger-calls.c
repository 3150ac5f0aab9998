/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-error.h"
#include "ledger.h"

/* The calls that wait, and the outcome that each must have */
typedef struct
{
  guint     id;
  CallKind  kind;
  gboolean  is_outside;  /* of another thread, and not taken in yet */
  gboolean  is_expected; /* to be resolved, in this way */
  HbOutcome outcome;
  int       error;
  GBytes   *bytes;       /* (nullable) (not owned) the message that it has to get */
} Call;

static Call *
find_call (Ledger   *self,
           gpointer  ticket)
{
  guint i;

  for (i = 0; i < self->calls->len; i++)
    {
      Call *call = g_ptr_array_index (self->calls, i);

      if (call->id == GPOINTER_TO_UINT (ticket))
        return call;
    }

  return NULL;
}

/* Tickets are numbers, and never used twice. */
gpointer
ledger_start_call (Ledger   *self,
                   CallKind  kind)
{
  Call *call = g_new0 (Call, 1);

  call->id = ++self->n_calls;
  call->kind = kind;
  g_ptr_array_add (self->calls, call);

  return GUINT_TO_POINTER (call->id);
}

/* Another thread makes a call, and later the task's thread takes it in. */
void
ledger_set_outside (Ledger   *self,
                    gpointer  ticket,
                    gboolean  is_outside)
{
  find_call (self, ticket)->is_outside = is_outside;
}

/* It was not accepted. */
void
ledger_forget_call (Ledger   *self,
                    gpointer  ticket)
{
  if (ticket != NULL)
    g_assert_true (g_ptr_array_remove (self->calls, find_call (self, ticket)));
}

gpointer
ledger_pick_call (Ledger *self,
                  guint   index)
{
  return GUINT_TO_POINTER (((Call *) g_ptr_array_index (self->calls, index))->id);
}

CallKind
ledger_get_kind (Ledger   *self,
                 gpointer  ticket)
{
  return find_call (self, ticket)->kind;
}

gboolean
ledger_is_waiting (Ledger   *self,
                   gpointer  ticket)
{
  return !find_call (self, ticket)->is_expected;
}

/* Whether a call that may be over by now is waiting */
gboolean
ledger_is_pending (Ledger   *self,
                   gpointer  ticket)
{
  Call *call = find_call (self, ticket);

  return call != NULL && !call->is_expected;
}

void
ledger_expect_call (Ledger    *self,
                    gpointer   ticket,
                    HbOutcome  outcome,
                    int        error)
{
  Call *call;

  if (ticket == NULL)
    return;

  call = find_call (self, ticket);
  g_assert_nonnull (call);
  g_assert_false (call->is_expected);
  call->is_expected = TRUE;
  call->outcome = outcome;
  call->error = error;
}

void
ledger_expect_all (Ledger    *self,
                   CallKind   kind,
                   HbOutcome  outcome,
                   int        error)
{
  guint i;

  for (i = 0; i < self->calls->len; i++)
    {
      Call *call = g_ptr_array_index (self->calls, i);

      if (call->kind == kind && !call->is_outside && !call->is_expected)
        ledger_expect_call (self, GUINT_TO_POINTER (call->id), outcome, error);
    }
}

/* Gives a message to the first call that waits for one. Returns FALSE if none does. */
gboolean
ledger_give (Ledger *self,
             GBytes *bytes)
{
  guint i;

  for (i = 0; i < self->calls->len; i++)
    {
      Call *call = g_ptr_array_index (self->calls, i);

      if (call->kind != CALL_RECEIVE || call->is_expected)
        continue;

      ledger_expect_call (self, GUINT_TO_POINTER (call->id), HB_OUTCOME_RECEIVED, NO_ERROR);
      call->bytes = bytes;
      return TRUE;
    }

  return FALSE;
}

/* A call is over: one that was to be, in the way that was due, and for the first time. */
CallKind
ledger_resolve (Ledger         *self,
                const HbEffect *effect)
{
  Call *call = find_call (self, effect->resolve.ticket);
  CallKind kind;

  g_assert_nonnull (call);
  g_assert_true (call->is_expected);
  g_assert_cmpint (effect->resolve.outcome, ==, call->outcome);

  if (call->outcome == HB_OUTCOME_RECEIVED)
    g_assert_true (effect->resolve.bytes == call->bytes);
  else if (call->outcome == HB_OUTCOME_FAILED && call->error != ANY_ERROR)
    g_assert_error (effect->resolve.error, HB_ERROR, call->error);
  else
    g_assert_true ((effect->resolve.error != NULL) == (call->outcome == HB_OUTCOME_FAILED));

  kind = call->kind;
  g_ptr_array_remove (self->calls, call);

  return kind;
}

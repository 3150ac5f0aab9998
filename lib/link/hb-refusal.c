/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-refusal-private.h"

/* Keeps the reason why a handler in this folder has made an attempt fail, because libsoup's error
 * does not contain the reason. */

static G_DEFINE_QUARK (hb-refusal-cancellable, cancellable)
static G_DEFINE_QUARK (hb-refusal-reason, reason)

/* @cancellable: of the attempt */
void
hb_refusal_prepare (SoupMessage  *request,
                    GCancellable *cancellable)
{
  g_object_set_qdata_full (G_OBJECT (request), cancellable_quark (), g_object_ref (cancellable),
                           g_object_unref);
}

/* Stores why the attempt fails, but does not cancel it. Takes ownership of @reason. */
void
hb_refusal_set_reason (SoupMessage *request,
                       GError      *reason)
{
  g_object_set_qdata_full (G_OBJECT (request), reason_quark (), reason,
                           (GDestroyNotify) g_error_free);
}

/* Takes ownership of @reason. */
void
hb_refusal_cancel (SoupMessage *request,
                   GError      *reason)
{
  hb_refusal_set_reason (request, reason);
  g_cancellable_cancel (g_object_get_qdata (G_OBJECT (request), cancellable_quark ()));
}

/* Returns: (transfer none) (nullable): NULL if no handler has made the attempt fail */
const GError *
hb_refusal_get_reason (SoupMessage *request)
{
  return g_object_get_qdata (G_OBJECT (request), reason_quark ());
}

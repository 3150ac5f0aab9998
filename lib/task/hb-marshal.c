/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-marshal-private.h"

/* GObject calls the C handlers of a signal with several arguments through libffi, unless the signal
 * has its own marshaller. The signal `message` has one, because libffi takes longer than everything
 * else that this library does with a short message. */

typedef void (*MessageHandler) (gpointer first,
                                int      type,
                                GBytes  *message,
                                gpointer last);

static void
call (GClosure *closure,
      gpointer  data,
      gpointer  instance,
      int       type,
      GBytes   *message)
{
  GCClosure *c_closure = (GCClosure *) closure;
  MessageHandler handler = (MessageHandler) (data != NULL ? data : c_closure->callback);

  if (G_CCLOSURE_SWAP_DATA (closure))
    handler (closure->data, type, message, instance);
  else
    handler (instance, type, message, closure->data);
}

void
hb_marshal_message (GClosure     *closure,
                    GValue       *result,
                    guint         n_values,
                    const GValue *values,
                    gpointer      hint,
                    gpointer      data)
{
  g_return_if_fail (n_values == 3);

  call (closure, data, g_value_peek_pointer (&values[0]),
        g_value_get_enum (&values[1]), g_value_get_boxed (&values[2]));
}

/* Does not copy the arguments, because the caller keeps them until the emission is over. */
void
hb_marshal_message_va (GClosure *closure,
                       GValue   *result,
                       gpointer  instance,
                       va_list   arguments,
                       gpointer  data,
                       int       n_params,
                       GType    *types)
{
  va_list list;
  int type;
  GBytes *message;

  va_copy (list, arguments);
  type = va_arg (list, int);
  message = va_arg (list, GBytes *);
  va_end (list);

  call (closure, data, instance, type, message);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "hb-effect-private.h"
#include "hb-message.h"

G_BEGIN_DECLS

typedef void     (*HbCallFunc)    (GTask     *task,
                                   gpointer   user_data);
typedef gboolean (*HbCallPutBack) (HbMessage *message,
                                   gpointer   user_data);

GTask *hb_call_start    (GTask          *task,
                         GCancellable   *cancellable,
                         HbCallFunc      cancelled,
                         gpointer        user_data,
                         GDestroyNotify  destroy);
GTask *hb_call_be_late  (GTask          *task,
                         HbCallPutBack   put_back,
                         HbCallFunc      returning,
                         HbCallFunc      returned,
                         int            *n_returning);
void   hb_call_fail     (GTask          *task,
                         GError         *error);
void   hb_call_succeed  (GTask          *task);
void   hb_call_complete (HbEffect       *effect);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a stream tells of the bytes that pass through it */
typedef struct
{
  void (*life)     (gpointer user_data); /* some have come, or the kernel took some of a backlog */
  void (*taken)    (gpointer user_data); /* the kernel has taken some */
  void (*blocked)  (gpointer user_data); /* it takes no more for now */
  void (*writable) (gpointer user_data); /* it does again */
} HbStreamFuncs;

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The callbacks of a stream */
typedef struct
{
  void (*life)     (gpointer user_data); /* bytes were received, or a backlog shrank */
  void (*taken)    (gpointer user_data); /* the kernel has taken bytes */
  void (*blocked)  (gpointer user_data); /* the kernel takes no more bytes for now */
  void (*writable) (gpointer user_data); /* the kernel takes bytes again */
} HbStreamFuncs;

G_END_DECLS

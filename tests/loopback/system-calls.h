/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The counts since the last reset. A program that uses SystemCalls must be linked with --wrap for
 * the functions of GLib that system-calls.c replaces. */
typedef struct
{
  guint   n_writes;
  guint   n_reads;
  guint64 n_written; /* bytes that the kernel has accepted */
  guint   n_sources; /* sources that the library has created */
  guint   n_polls;   /* descriptors that the library has added to the loop */
} SystemCalls;

void        system_calls_watch (const char *uri);
SystemCalls system_calls_get   (void);
void        system_calls_reset (void);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "heartbeats.h"

G_BEGIN_DECLS

/* A process that runs stopped-client, and the words that the process has printed.
 * stopped_process_new () takes the folder of the program, and `connect-timeout` in milliseconds. */
typedef struct _StoppedProcess StoppedProcess;

StoppedProcess *stopped_process_new          (const char      *folder,
                                              const char      *uri,
                                              const Heartbeat *heartbeat,
                                              guint            connect_timeout);
void            stopped_process_free         (StoppedProcess  *self);

void            stopped_process_command      (StoppedProcess  *self,
                                              const char      *line);
void            stopped_process_quit         (StoppedProcess  *self);
gboolean        stopped_process_has_exited   (StoppedProcess  *self);

void            stopped_process_stop         (StoppedProcess  *self);
void            stopped_process_continue     (StoppedProcess  *self);
gboolean        stopped_process_is_awake     (StoppedProcess  *self);
gint64          stopped_process_get_awake_at (StoppedProcess  *self);

gboolean        stopped_process_has_said     (StoppedProcess  *self,
                                              const char      *word);
guint           stopped_process_count        (StoppedProcess  *self);
gint64          stopped_process_get_time     (StoppedProcess  *self);
char           *stopped_process_join         (StoppedProcess  *self,
                                              guint            n_words);

G_END_DECLS

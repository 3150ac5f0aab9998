/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-websocket.h"

G_BEGIN_DECLS

/* Records the signals of a task, each as a word:
 *
 *   connecting  open  drain  message:text:hello  message:binary:3  close:1000  close:4000:bye
 *   error:pong-timeout (of HbError)  error:g-io-error-quark:39  reconnect:1:2000  state:waiting
 *
 * Also records each change of a property that a test passes to signal_log_watch (), as a word such
 * as attempt:1. signal_log_free () fails if a signal is still in the log. */
typedef struct _SignalLog SignalLog;

/* The words of opening a connection, and of closing it with the code 1000 */
#define WORDS_OPEN    "state:connecting connecting state:open open"
#define WORDS_CLOSE   "state:closing state:closed close:1000"

SignalLog *signal_log_new          (HbWebsocketTask *task);
void       signal_log_free         (SignalLog       *self);
void       signal_log_watch        (SignalLog       *self,
                                    const char      *property);

void       signal_log_expect       (SignalLog       *self,
                                    const char      *words);
void       signal_log_expect_now   (SignalLog       *self,
                                    const char      *words);
void       signal_log_expect_quiet (SignalLog       *self);
void       signal_log_skip_to      (SignalLog       *self,
                                    const char      *word);
void       signal_log_forget       (SignalLog       *self);

gint64     signal_log_get_time     (SignalLog       *self);
const char *signal_log_get_error   (SignalLog       *self);
GBytes    *signal_log_get_message  (SignalLog       *self);
guint      signal_log_count        (SignalLog       *self,
                                    const char      *prefix);

char      *signal_log_name_error   (const GError    *error);
const char *signal_log_name_state  (HbState          state);

G_END_DECLS

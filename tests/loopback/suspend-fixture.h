/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "fixture.h"
#include "heartbeats.h"
#include "test-clock.h"

G_BEGIN_DECLS

/* A test with a clock that jumps. The test runs once for each Heartbeat, which is its data. */
typedef struct
{
  const char *name;
  void      (*function) (Fixture       *fixture,
                         gconstpointer  data);
} SuspendCase;

/* The default timeouts, and an hour, in milliseconds */
#define PING_AFTER 15000
#define PONG_AFTER 10000
#define HOUR       (3600 * 1000)

/* The maximum delay after a deadline, in milliseconds */
#define LATENESS 125

/* If a deadline is handled late by more than this, in milliseconds, the task assumes that the
 * process was suspended. */
#define LATE 1000

#define WORDS_DEAD "state:waiting error:pong-timeout close:1006 reconnect:1:20"

void     suspend_add_tests (const char        *name,
                            const SuspendCase *cases,
                            guint              n_cases);

void     jump              (gint64             milliseconds);
RawPeer *open_and_ping     (Fixture           *fixture,
                            const Heartbeat   *heartbeat);
guint64  count_pings       (Fixture           *fixture);
guint64  count_signs       (Fixture           *fixture);
void     expect_ping       (const Heartbeat   *heartbeat,
                            RawPeer           *peer);
void     send_life         (const Heartbeat   *heartbeat,
                            RawPeer           *peer);
void     expect_life       (Fixture           *fixture,
                            const Heartbeat   *heartbeat,
                            RawPeer           *peer);
void     expect_dead       (Fixture           *fixture);

G_END_DECLS

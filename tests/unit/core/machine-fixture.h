/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-error.h"
#include "hb-machine-private.h"
#include "test-rows.h"

G_BEGIN_DECLS

typedef struct _Fixture Fixture;

/* A handler of the application, which runs at each effect that is logged */
typedef void (*Handler) (Fixture    *fixture,
                         const char *effect);

/* A machine, a clock that the test advances, and a minimal driver, which carries out each effect
 * that still applies, and logs it unless it is an HB_EFFECT_RELEASE. assert_effects () checks and
 * clears the log. At the end, a test fails if the log is not empty. */
struct _Fixture
{
  HbMachine  machine;
  gint64     now;

  /* The simulated link */
  guint      room;         /* messages that it accepts before it is full */
  gboolean   cannot_acknowledge; /* the link does not report acknowledgements */
  gboolean   holds_writes; /* messages wait for written () before the kernel has them */
  gboolean   holds_pings;  /* pings wait for hb_machine_on_pinged () */
  gboolean   has_link;
  gboolean   has_requested; /* the handshake request has been sent */
  gboolean   has_opened;   /* `open` has been emitted, but not yet `close` */
  guint64    sent;         /* the position after all sent messages; each is two positions long */
  guint64    written;      /* the position up to which the kernel has them */
  guint64    acknowledged; /* the position up to which the peer has acknowledged them */
  GString   *wire;         /* sent since the last assert_wire () or forget () */

  /* The application */
  Handler    handler;      /* (nullable) */
  gint64     own_delay;    /* the result of the reconnect function, in ms; -1 for no function */
  char      *error;        /* (nullable) the message of the last error */
  char      *close_reason; /* (nullable) of the last close */
  GBytes    *message;      /* (nullable) the last message that was emitted */

  gboolean   stamped;      /* the log contains times, in milliseconds since started_at */
  gint64     started_at;
  gint64     stamp;
  GString   *log;
  GPtrArray *resolved;     /* the tickets of resolved calls, each at most once */
};

typedef void (*Step) (Fixture *fixture);

/* A call or an event in a state, and what follows from it. Times are in milliseconds. */
typedef struct
{
  const char *name;
  Step        enter;    /* (nullable) enters the state; NULL for a new machine */
  guint       passed;   /* from enter () to act () */
  Step        act;
  const char *effects;
  HbState     state;
  int         deadline; /* after act (), -1 for none */
  guint       attempt;
} Case;

#define add_test(path, function) \
  g_test_add (path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

#define add_with(path, value, function) \
  g_test_add (path, Fixture, value, fixture_set_up, function, fixture_tear_down)

/* Adds one test for each row. Its path is @prefix, followed by the name of the row. */
#define add_rows(prefix, table, function) \
  test_rows_add_with (prefix, table, Fixture, fixture_set_up, function, fixture_tear_down)

void     fixture_set_up    (Fixture       *fixture,
                            gconstpointer  data);
void     fixture_tear_down (Fixture       *fixture,
                            gconstpointer  data);
void     set_text          (char         **setting,
                            const char    *text);

void     drain             (Fixture       *fixture);
void     forget            (Fixture       *fixture);
void     advance           (Fixture       *fixture,
                            guint          milliseconds);
void     advance_late      (Fixture       *fixture,
                            guint          milliseconds);

void     start             (Fixture       *fixture);
void     start_open        (Fixture       *fixture);
void     start_pinged      (Fixture       *fixture);
void     start_waiting     (Fixture       *fixture);
void     start_closing     (Fixture       *fixture,
                            const char    *ticket);
void     begin_closing     (Fixture       *fixture);
void     start_held        (Fixture       *fixture);
void     answer            (Fixture       *fixture);
void     receive           (Fixture       *fixture,
                            const char    *text);
void     lose_link         (Fixture       *fixture);
void     lose_link_with    (Fixture       *fixture,
                            guint          http_status,
                            guint          retry_after);
void     reconnect         (Fixture       *fixture);
void     lose_by_peer      (Fixture       *fixture,
                            guint          code,
                            gboolean       in_message);
void     close_with        (Fixture       *fixture,
                            guint          code,
                            const char    *ticket);
void     check             (Fixture       *fixture);
void     change_network    (Fixture       *fixture);
void     reconnect_now     (Fixture       *fixture);
void     reconnect_later   (Fixture       *fixture);
void     test_case         (Fixture       *fixture,
                            gconstpointer  data);

gboolean send_full         (Fixture       *fixture,
                            const char    *text,
                            HbSendFlags    flags,
                            const char    *ticket,
                            GError       **error);
void     send_text         (Fixture       *fixture,
                            const char    *text);
void     send_ticket       (Fixture       *fixture,
                            const char    *text,
                            const char    *ticket);
void     written           (Fixture       *fixture,
                           guint          n_messages);
void     acknowledged      (Fixture       *fixture,
                            guint          n_messages);
char    *take_queue        (Fixture       *fixture);

#define assert_effects(fixture, expected) \
  G_STMT_START { \
    drain (fixture); \
    g_assert_cmpstr ((fixture)->log->str, ==, (expected)); \
    g_string_truncate ((fixture)->log, 0); \
  } G_STMT_END

#define assert_wire(fixture, expected) \
  G_STMT_START { \
    drain (fixture); \
    g_assert_cmpstr ((fixture)->wire->str, ==, (expected)); \
    g_string_truncate ((fixture)->wire, 0); \
  } G_STMT_END

#define assert_takes_back(fixture, expected) \
  G_STMT_START { \
    g_autofree char *taken = take_queue (fixture); \
    g_assert_cmpstr (taken, ==, (expected)); \
  } G_STMT_END

#define assert_state(fixture, expected) \
  g_assert_cmpint ((fixture)->machine.state, ==, (expected))

/* The deadline in milliseconds from now, -1 for none */
#define assert_deadline(fixture, expected) \
  g_assert_cmpint (get_deadline (fixture), ==, (expected))

gint64   get_deadline      (Fixture       *fixture);
gint64   fail_attempts     (Fixture       *fixture,
                            guint          n_attempts);

/* The usual effects of the start, the opening and the end of a link */
#define STARTS      "notify:state connect"
#define OPENS       "notify:state notify:ready notify:http-status notify:connection " \
                    "notify:protocol open"
#define OPENS_AGAIN "notify:state notify:ready notify:connection notify:protocol " \
                    "notify:downtime open"
#define LEAVES      "drop notify:state notify:ready notify:connection notify:protocol"

/* The end of a link in CLOSING, in which the task is no longer ready */
#define LEFT        "drop notify:state notify:connection notify:protocol"

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <signal.h>
#include <string.h>

#include "raw-server.h"
#include "stopped-client.h"
#include "stopped-process.h"
#include "test-wait.h"

/* A signal stops each process, or the process blocks its own main loop, for longer than a timeout
 * that is running. The server continues to run. The test case that runs first starts all processes,
 * and many of them sleep at the same time, because the test would otherwise take minutes. */

/* The length of the sleep, in milliseconds. After LONG, an action that was due after CLIENT_TIMEOUT
 * is more than a second late, so the task assumes a suspend. After SHORT, the action is less than a
 * second late. */
#define LONG  (CLIENT_TIMEOUT + 1400)
#define SHORT (CLIENT_TIMEOUT + 400)

/* The time that due actions may take while many processes resume together. With timerfd, it is
 * shorter than CLIENT_TIMEOUT, so the test notices an action that waits for another timeout.
 * Without timerfd, recent versions of GLib wait in ppoll(2), which does not count the time for
 * which the process was stopped, so the loop can be a whole timeout late. */
#ifdef HAVE_TIMERFD
#define TOLERANCE (1400 * G_TIME_SPAN_MILLISECOND)
#else
#define TOLERANCE ((CLIENT_TIMEOUT + 1400) * G_TIME_SPAN_MILLISECOND)
#endif

/* The timeout of a case after its process has resumed, and the timeout of all cases together */
#define CASE_TIMEOUT (8 * G_TIME_SPAN_SECOND)
#define WAIT_TIMEOUT (50 * G_TIME_SPAN_SECOND)

/* More processes would delay one another while they are prepared. */
#define MAX_AWAKE 8

/* The timeout of an attempt that must not fail, in milliseconds */
#define LONG_CONNECT 30000

/* A process prints an event after it happens, so a measured delay may be too short by up to this
 * time. */
#define SLACK (5 * G_TIME_SPAN_MILLISECOND)

typedef enum {
  HOW_SIGNAL,  /* stopped by SIGSTOP */
  HOW_BLOCKED, /* blocked in a callback of the main loop */
  HOW_HANDLER, /* blocked in a handler for `message` */
  N_HOWS
} How;

static const char * const hows[N_HOWS] = { "signal", "blocked", "handler" };

/* The state of the process when its sleep begins */
typedef enum {
  WHEN_OPEN,
  WHEN_PINGED,
  WHEN_WAITING,
  WHEN_REQUESTED,
  WHEN_CLOSING,
} When;

/* The server's action during the sleep */
typedef enum {
  DEED_NONE,
  DEED_REPLY,
  DEED_CLOSE_FRAME,
  DEED_ANSWER,
} Deed;

#define WORDS_DEAD    "state:waiting error:pong-timeout close:1006"
#define WORDS_CLOSE_FRAME "state:waiting close:1001"

typedef struct
{
  const char *name;
  When        when;
  Deed        deed;
  guint       sleep;   /* LONG or SHORT */
  gboolean    is_good; /* the server answers pings after the sleep has begun */
  const char *words;   /* the first words after the sleep, "" if the process stays connected */
  guint       delay;   /* from the resume to the first word, in milliseconds */
} Scenario;

enum {
  ANSWERED,
  ANSWERED_SHORT,
  ASKED_GOOD,
  ASKED_DEAD,
  IDLE_GOOD,
  IDLE_DEAD,
  CLOSE_FRAME,
  CLOSE_FRAME_SHORT,
  WAITING,
  REQUEST_ANSWERED,
  REQUEST_SHORT,
  REQUEST_DEAD,
  CLOSING_ANSWERED,
  CLOSING_DEAD,
  N_SCENARIOS
};

static const Scenario scenarios[N_SCENARIOS] = {
  [ANSWERED] = { "answered", WHEN_PINGED, DEED_REPLY, LONG, TRUE, "" },
  [ANSWERED_SHORT] = { "answered-short", WHEN_PINGED, DEED_REPLY, SHORT, TRUE, "" },
  [ASKED_GOOD] = { "asked-good", WHEN_PINGED, DEED_NONE, LONG, TRUE, "" },
  [ASKED_DEAD] = { "asked-dead", WHEN_PINGED, DEED_NONE, LONG, FALSE, WORDS_DEAD, CLIENT_TIMEOUT },
  [IDLE_GOOD] = { "idle-good", WHEN_OPEN, DEED_NONE, LONG, TRUE, "" },
  [IDLE_DEAD] = { "idle-dead", WHEN_OPEN, DEED_NONE, LONG, FALSE, WORDS_DEAD, CLIENT_TIMEOUT },
  [CLOSE_FRAME] = { "close-frame", WHEN_PINGED, DEED_CLOSE_FRAME, LONG, FALSE, WORDS_CLOSE_FRAME },
  [CLOSE_FRAME_SHORT] = { "close-frame-short", WHEN_PINGED, DEED_CLOSE_FRAME, SHORT, FALSE,
                          WORDS_CLOSE_FRAME },
  [WAITING] = { "waiting", WHEN_WAITING, DEED_NONE, LONG, TRUE, "state:connecting state:open" },
  [REQUEST_ANSWERED] = { "request-answered", WHEN_REQUESTED, DEED_ANSWER, LONG, TRUE,
                         "state:open" },
  [REQUEST_SHORT] = { "request-short", WHEN_REQUESTED, DEED_ANSWER, SHORT, TRUE, "state:open" },
  [REQUEST_DEAD] = { "request-dead", WHEN_REQUESTED, DEED_NONE, LONG, FALSE,
                     "state:waiting error:connect-timeout", CLIENT_TIMEOUT },
  [CLOSING_ANSWERED] = { "closing-answered", WHEN_CLOSING, DEED_CLOSE_FRAME, LONG, FALSE,
                         "state:closed close:1001" },
  [CLOSING_DEAD] = { "closing-dead", WHEN_CLOSING, DEED_NONE, LONG, FALSE,
                     "state:closed close:1006" },
};

typedef enum {
  PHASE_NONE,
  PHASE_PREPARING,
  PHASE_FALLING_ASLEEP,
  PHASE_ASLEEP,
  PHASE_AWAKE,
  PHASE_LEAVING,
  PHASE_GONE,
} Phase;

typedef struct
{
  How              how;
  const Scenario  *scenario;
  const Heartbeat *heartbeat;
  RawServer       *server;
  StoppedProcess  *process;
  Phase            phase;
  gint64           wakes_at;
  guint            n_pings;
  guint            n_pings_asleep; /* pings before the process resumed */
  gboolean         is_closed;      /* the server has received a close frame */
  gboolean         is_led;         /* an earlier step has seen that the connection is open */
} Case;

static GPtrArray *cases;

/* The folder of this program and of its client */
static char *folder;

static RawPeer *
get_peer (Case *self)
{
  return raw_server_get_peer (self->server, 0);
}

static void
received_cb (RawPeer  *peer,
             gpointer  user_data)
{
  Case *self = user_data;
  g_autofree char *word = raw_peer_take (peer);

  self->is_closed |= strcmp (word, "close:1000") == 0;

  if (strcmp (word, heartbeat_get_ping_word (self->heartbeat)) != 0)
    return;

  self->n_pings++;
  if (self->phase >= PHASE_ASLEEP && self->scenario->is_good)
    heartbeat_send_life (self->heartbeat, peer);
}

/* Brings the process into the state of its case, one step in each call. Returns whether the process
 * is in that state. */
static gboolean
is_there (Case *self)
{
  gboolean is_open = stopped_process_has_said (self->process, "state:open");
  gboolean is_led = self->is_led;

  self->is_led = is_open;

  switch (self->scenario->when)
    {
    case WHEN_OPEN:
      return is_open;

    case WHEN_PINGED:
      return is_open && self->n_pings > 0;

    case WHEN_WAITING:
      if (is_open && !is_led)
        raw_peer_drop (get_peer (self));
      return stopped_process_has_said (self->process, "close:1006");

    case WHEN_REQUESTED:
      return raw_server_get_n_accepted (self->server) > 0
             && raw_peer_get_request (get_peer (self)) != NULL;

    case WHEN_CLOSING:
      if (is_open && !is_led)
        stopped_process_command (self->process, COMMAND_CLOSE);
      return self->is_closed;

    default:
      g_assert_not_reached ();
    }
}

static void
put_to_sleep (Case *self)
{
  g_autofree char *command = g_strdup_printf ("%s%u", COMMAND_BLOCK, self->scenario->sleep);

  switch (self->how)
    {
    case HOW_SIGNAL:
      stopped_process_stop (self->process);
      break;

    case HOW_BLOCKED:
      stopped_process_command (self->process, command);
      break;

    case HOW_HANDLER:
      raw_peer_send_text (get_peer (self), command);
      break;

    case N_HOWS:
    default:
      g_assert_not_reached ();
    }
}

static void
do_deed (Case *self)
{
  switch (self->scenario->deed)
    {
    case DEED_NONE:
      break;

    case DEED_REPLY:
      heartbeat_send_life (self->heartbeat, get_peer (self));
      break;

    case DEED_CLOSE_FRAME:
      raw_peer_send_close (get_peer (self), 1001, NULL);
      break;

    case DEED_ANSWER:
      raw_peer_accept (get_peer (self));
      break;

    default:
      g_assert_not_reached ();
    }
}

static guint
count_words (const char *words)
{
  g_auto (GStrv) list = g_strsplit (words, " ", -1);

  return g_strv_length (list);
}

/* A process that must stay connected is observed until it has sent two more pings. If it prints a
 * word before that, the case fails. */
static gboolean
has_shown (Case *self)
{
  if (*self->scenario->words == '\0' && self->n_pings < self->n_pings_asleep + 2)
    return stopped_process_count (self->process) > 0;

  return stopped_process_count (self->process) >= count_words (self->scenario->words);
}

/* Returns FALSE after the last step. */
static gboolean
step (Case   *self,
      gint64  now)
{
  switch (self->phase)
    {
    case PHASE_NONE:
      return TRUE;

    case PHASE_PREPARING:
      if (is_there (self))
        {
          put_to_sleep (self);
          self->phase = PHASE_FALLING_ASLEEP;
        }
      return TRUE;

    case PHASE_FALLING_ASLEEP:
      if (self->how == HOW_SIGNAL || stopped_process_has_said (self->process, WORD_ASLEEP))
        {
          do_deed (self);
          self->wakes_at = now + self->scenario->sleep * G_TIME_SPAN_MILLISECOND;
          self->phase = PHASE_ASLEEP;
        }
      return TRUE;

    case PHASE_ASLEEP:
      if (self->how == HOW_SIGNAL && now >= self->wakes_at)
        stopped_process_continue (self->process);
      if (stopped_process_is_awake (self->process))
        {
          self->n_pings_asleep = self->n_pings;
          self->phase = PHASE_AWAKE;
        }
      return TRUE;

    case PHASE_AWAKE:
      if (has_shown (self)
          || now > stopped_process_get_awake_at (self->process) + CASE_TIMEOUT)
        {
          stopped_process_quit (self->process);
          self->phase = PHASE_LEAVING;
        }
      return TRUE;

    case PHASE_LEAVING:
      if (stopped_process_has_exited (self->process))
        self->phase = PHASE_GONE;
      return TRUE;

    case PHASE_GONE:
      return FALSE;

    default:
      g_assert_not_reached ();
    }
}

static gboolean
continue_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
start (Case *self)
{
  gboolean is_request = self->scenario->when == WHEN_REQUESTED;

  self->phase = PHASE_PREPARING;
  self->server = raw_server_new ();
  raw_server_set_received (self->server, received_cb, self);
  raw_server_set_answers (self->server, !is_request);
  self->process = stopped_process_new (folder, raw_server_get_uri (self->server), self->heartbeat,
                                       is_request ? CLIENT_TIMEOUT : LONG_CONNECT);
}

/* Starts one process if any is left, unless too many are being prepared. */
static void
start_next (void)
{
  guint n_awake = 0;
  guint i;

  for (i = 0; i < cases->len; i++)
    {
      Case *self = g_ptr_array_index (cases, i);

      n_awake += self->phase == PHASE_PREPARING || self->phase == PHASE_FALLING_ASLEEP;
      if (self->phase == PHASE_NONE && n_awake < MAX_AWAKE)
        {
          start (self);
          return;
        }
    }
}

static void
run (void)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_TIMEOUT;
  guint poll = g_timeout_add (10, continue_cb, NULL);
  gboolean goes_on = TRUE;
  guint i;

  while (goes_on)
    {
      wait_iterate (deadline, "processes that sleep and wake", G_STRLOC);
      goes_on = FALSE;

      for (i = 0; i < cases->len; i++)
        goes_on |= step (g_ptr_array_index (cases, i), g_get_monotonic_time ());

      start_next ();
    }

  g_source_remove (poll);
}

static void
test_case (gconstpointer data)
{
  static gboolean has_run;
  const Case *self = data;
  const Scenario *scenario = self->scenario;
  guint n_words = *scenario->words == '\0' ? G_MAXUINT : count_words (scenario->words);
  g_autofree char *words = NULL;
  gint64 delay;

  if (!has_run)
    run ();
  has_run = TRUE;

  words = stopped_process_join (self->process, n_words);
  g_assert_cmpstr (words, ==, scenario->words);
  if (*scenario->words == '\0')
    {
      g_assert_cmpuint (self->n_pings, >=, self->n_pings_asleep + 2);
      return;
    }

  delay = stopped_process_get_time (self->process) - stopped_process_get_awake_at (self->process);
  g_test_message ("%s after %" G_GINT64_FORMAT " us", words, delay);
  g_assert_cmpint (delay, >=, scenario->delay * G_TIME_SPAN_MILLISECOND - SLACK);
  g_assert_cmpint (delay, <=, scenario->delay * G_TIME_SPAN_MILLISECOND + TOLERANCE);
}

static void
add (How  how,
     guint scenario,
     guint heartbeat)
{
  Case *self = g_new0 (Case, 1);
  g_autofree char *path = NULL;

  self->how = how;
  self->scenario = &scenarios[scenario];
  self->heartbeat = &heartbeats[heartbeat];
  g_ptr_array_add (cases, self);
  path = g_strdup_printf ("/loopback/stop/%s/%s/%s", hows[how], self->scenario->name,
                          self->heartbeat->name);
  g_test_add_data_func (path, self, test_case);
}

static void
free_case (gpointer data)
{
  Case *self = data;

  g_clear_pointer (&self->process, stopped_process_free);
  g_clear_pointer (&self->server, raw_server_free);
  g_free (self);
}

int
main (int   argc,
      char *argv[])
{
  guint scenario;
  guint heartbeat;
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_summary ("Processes that are stopped, or block themselves, for longer than a timeout.");

  /* A write to a client that has ended causes SIGPIPE, which would end the test. */
  signal (SIGPIPE, SIG_IGN);
  cases = g_ptr_array_new_with_free_func (free_case);
  folder = g_path_get_dirname (argv[0]);

  for (scenario = 0; scenario < N_SCENARIOS; scenario++)
    for (heartbeat = 0; heartbeat < N_HEARTBEATS; heartbeat++)
      {
        gboolean has_ping = scenario <= ASKED_DEAD;

        /* Only the scenarios up to ASKED_DEAD depend on the reply to a ping before the sleep. In
         * the others, all heartbeats behave alike, so one of them is tested. */
        if (has_ping || heartbeat == scenario % N_HEARTBEATS)
          {
            add (HOW_SIGNAL, scenario, heartbeat);
            if (!has_ping || heartbeat % 2 == 0)
              add (HOW_BLOCKED, scenario, heartbeat);
          }

        if (has_ping && heartbeat % 2 == 1)
          add (HOW_HANDLER, scenario, heartbeat);
      }

  status = g_test_run ();
  g_ptr_array_unref (cases);
  g_free (folder);

  return status;
}

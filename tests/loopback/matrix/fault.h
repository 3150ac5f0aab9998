/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "raw-server.h"

G_BEGIN_DECLS

/* The faults of a server, and their results. The table in faults.c defines the cells of the matrix,
 * and the tables in doc/faults.md. */

typedef struct _Cell Cell;

/* The state of the task that a fault hits */
typedef enum
{
  STATE_CONNECTING,   /* the first attempt; a PHASE_LINK fault comes together with the answer */
  STATE_RECONNECTING, /* as CONNECTING, but after a lost connection */
  STATE_LAST,         /* an attempt or a connection that repeat-limit makes the last */
  STATE_OPEN,         /* an idle connection */
  STATE_UNREADY,      /* a connection that is not marked ready yet, with messages waiting */
  STATE_PINGED,       /* a ping has no answer yet */
  STATE_BACKLOG,      /* messages wait, because the server has stopped reading */
  STATE_MIDWAY,       /* half a message has been received */
  STATE_CLOSING,      /* the client's close frame has no answer yet */
  STATE_LEFT,         /* reconnect_now () drops the attempt or connection before the task
                       * notices the fault */
  N_STATES,
} State;

#define IN(state)  (1u << STATE_ ## state)
#define ANY_STATE  (~0u)

#define NO_LIMIT G_MAXUINT

#define OVER_PLAIN 1
#define OVER_TLS   2
#define OVER_BOTH  (OVER_PLAIN | OVER_TLS)

/* The point in a connection at which the server causes the fault */
typedef enum
{
  PHASE_NOBODY,  /* no server listens */
  PHASE_ACCEPT,  /* when the TCP connection has been accepted, before any byte is read */
  PHASE_REQUEST, /* in place of the response to the request */
  PHASE_LINK,    /* on an open connection */
} Phase;

typedef enum
{
  END_NONE,  /* the attempt succeeds, or the connection stays open */
  END_LOST,  /* the attempt fails, or the connection ends; another attempt follows, unless
              * repeat-limit prevents it or the task is closing */
  END_FINAL, /* the connection ends, and the task becomes CLOSED */
} End;

/* The code and the reason are those of `close`, which is emitted only if an open connection
 * ends. */
typedef struct
{
  End         end;
  guint       code;
  const char *reason; /* (nullable) */
  const char *error;  /* (nullable) the word of the signal log */
} Result;

/* A result that differs from the usual one in some states, with TLS, or with a new libsoup */
typedef struct
{
  guint  states;
  guint  transports;
  Result result;
  guint  since; /* the first minor version of libsoup that has this result: 0 or NEWEST_SOUP */
} Exception;

typedef struct
{
  const char *name;
  const char *does;     /* a description for the documentation */
  Phase       phase;
  void      (*act)      (Cell    *cell,
                         RawPeer *peer);
  const char *data;     /* (nullable) for act () */
  guint       number;   /* for act (); if the server asks for a password, the application gives none
                         * for 0, the right one for 1, and a wrong one for any other number */
  Result      result;
  Exception   but[2];   /* the first one that matches applies */
  const char *messages; /* (nullable) the words of the messages that the task receives */
  guint       without;  /* states that the fault cannot hit, or in which its result varies */
  guint       delay;    /* the delay of Retry-After in milliseconds, or 0 */
  guint       n_pongs;  /* pongs that the server must receive if the connection stays open */
  guint       n_kept;   /* n_pongs in STATE_BACKLOG with libsoup 3.8 or later, or 0 if unchanged */
  guint       limit;    /* max-message-size in bytes, 0 for the default, NO_LIMIT for none */
  guint       slow;     /* states in which a timeout detects the fault */
  gboolean    is_late;  /* the server replies to a ping after the loss */
} Fault;

extern const Fault faults[];
extern const guint n_faults;

/* The minor versions of the oldest and the newest libsoup 3 on the supported systems */
#define OLDEST_SOUP 2
#define NEWEST_SOUP 8

guint         fault_get_soup    (void);
const Result *fault_get_result  (const Fault *self,
                                 State        state,
                                 gboolean     is_tls,
                                 guint        soup);
guint         fault_get_n_pongs (const Fault *self,
                                 State        state);
const char   *state_get_name    (State        state);

G_END_DECLS

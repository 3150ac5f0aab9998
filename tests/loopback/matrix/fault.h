/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "raw-server.h"

G_BEGIN_DECLS

/* The faults of a server, and their results. The cells of the matrix, their expectations and the
 * page of the documentation all come from the table in faults.c. */

typedef struct _Cell Cell;

/* The state of the task that a fault hits */
typedef enum
{
  STATE_CONNECTING,   /* the first attempt; a fault of links comes in one piece with the answer */
  STATE_RECONNECTING, /* the same after a link was lost, with messages waiting */
  STATE_LAST,         /* repeat-limit is 0: an attempt, or a link, after which there is none */
  STATE_OPEN,         /* an idle link */
  STATE_UNREADY,      /* a link that has not been marked ready, with messages waiting */
  STATE_PINGED,       /* a ping has no answer yet */
  STATE_BACKLOG,      /* messages wait, because the server has stopped reading */
  STATE_MIDWAY,       /* half a message has come */
  STATE_CLOSING,      /* our close frame has no answer yet */
  STATE_LEFT,         /* reconnect_now () has given up what is hit */
  N_STATES,
} State;

#define IN(state)  (1u << STATE_ ## state)
#define ANY_STATE  (~0u)

#define NO_LIMIT G_MAXUINT

#define OVER_PLAIN 1
#define OVER_TLS   2
#define OVER_BOTH  (OVER_PLAIN | OVER_TLS)

/* The moment of a connection in which the server does it */
typedef enum
{
  PHASE_NOBODY,  /* there is no server */
  PHASE_ACCEPT,  /* when the connection of TCP has come, before a byte is read */
  PHASE_REQUEST, /* in place of the answer to the request */
  PHASE_LINK,    /* on an open link */
} Phase;

typedef enum
{
  END_NONE,  /* all goes on */
  END_LOST,  /* the attempt or the link is lost, and another attempt follows */
  END_FINAL, /* the task is CLOSED */
} End;

/* The result. A link that ends has a code. */
typedef struct
{
  End         end;
  guint       code;
  const char *reason; /* (nullable) */
  const char *error;  /* (nullable) the word of the signal log */
} Result;

/* Another result than the usual one, in some state or with a new libsoup only */
typedef struct
{
  guint  states;
  guint  transports;
  Result result;
  guint  since; /* 0 or NEWEST_SOUP */
} Exception;

typedef struct
{
  const char *name;
  const char *does;     /* for people */
  Phase       phase;
  void      (*act)      (Cell    *cell,
                         RawPeer *peer);
  const char *data;     /* (nullable) for act () */
  guint       number;   /* for act () */
  Result      result;
  Exception   but[2];
  const char *messages; /* (nullable) the words of what the application gets while OPEN */
  guint       without;  /* states that it cannot hit */
  guint       delay;    /* the delay that the server asks for, in ms */
  guint       n_pongs;  /* that have to come back where the link goes on */
  guint       n_kept;   /* of these, with a backlog from libsoup 3.8 on; 0: all */
  guint       limit;    /* max-message-size, 0: the usual one, NO_LIMIT: none */
  guint       slow;     /* states in which a timeout detects it */
  gboolean    is_late;  /* answers a heartbeat when the link is lost */
} Fault;

extern const Fault faults[];
extern const guint n_faults;

/* The minor versions of libsoup 3 between which the supported systems have theirs */
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

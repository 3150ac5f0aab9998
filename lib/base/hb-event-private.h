/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-outgoing-private.h"

G_BEGIN_DECLS

/* Whether received bytes have been read. A missing reply proves nothing while bytes are unread. */
typedef enum
{
  HB_READING_DONE,
  HB_READING_LATER,   /* The socket is read again in the next iteration. */
  HB_READING_HELD_UP, /* Nothing can be read, because a handler has not returned. */
} HbReading;

/* Whether a message is the reply to a ping */
typedef enum
{
  HB_REPLY_UNJUDGED, /* No function of the application has decided, so the settings apply. */
  HB_REPLY_NO,
  HB_REPLY_YES,
} HbReply;

/* How a link ended */
typedef struct
{
  GError     *error;        /* (nullable) (not owned) */
  const char *reason;       /* (nullable) */
  guint       code;         /* 1006 without a valid close frame */
  guint       http_status;  /* of the handshake, 0 if it is not known */
  guint       retry_after;  /* the requested delay in seconds, 0 for none */
  gboolean    by_peer;      /* The peer sent a close frame, a FIN or a reset. */
  gboolean    is_permanent; /* Another attempt would probably fail too. `error` is then not NULL. */
} HbLoss;

/* The position of a message, with the headers of its frames, among the bytes that a link sends
 * after the handshake. If libsoup writes to the socket (hb-fallback.c), positions count frames
 * instead of bytes, and a frame counts as written when libsoup has it. */
typedef struct
{
  guint64 begin;
  guint64 end;
  guint64 written; /* The kernel has accepted all bytes before this position. */
} HbSpan;

/* A name in parentheses is the member of HbEvent that holds the details. */
typedef enum {
  HB_EVENT_TURN,         /* The handshake request, which waited for other attempts, was sent. */
  HB_EVENT_OPENED,       /* (opened) */
  HB_EVENT_MESSAGE,      /* (message) */
  HB_EVENT_PONG,
  HB_EVENT_ACTIVITY,     /* Bytes were received, or the peer has received a part of a backlog. */
  HB_EVENT_PROGRESS,     /* More bytes may have been written to the kernel (written). */
  HB_EVENT_ACKNOWLEDGED, /* The peer's TCP has acknowledged bytes (acknowledged). */
  HB_EVENT_BLOCKED,      /* No message may be sent now. */
  HB_EVENT_WRITABLE,
  HB_EVENT_LOST,         /* The link has ended, before or after it was open (loss). */
  HB_EVENT_NETWORK,      /* A network of this computer has changed. */
  HB_EVENT_TICK,         /* A deadline may have passed (tick). */

  /* The link emits these two events before and after the events of a delivery, which is everything
   * that it reads before it returns to the main loop. The machine does not receive them. */
  HB_EVENT_DELIVERY,
  HB_EVENT_DELIVERED, /* not emitted if the link is dropped during the delivery */
} HbEventKind;

/* Owns none of its contents. */
typedef struct
{
  HbEventKind kind;
  guint       serial; /* of the link, for an event of a link */

  union
  {
    const HbLoss *loss;
    guint64       written;

    struct
    {
      gboolean can_acknowledge; /* The link can emit HB_EVENT_ACKNOWLEDGED. */
      guint    round_trip;      /* in microseconds, 0 if it is not known */
    } opened;

    struct
    {
      guint64 position;   /* The peer's TCP has acknowledged all bytes before this position. */
      guint   round_trip; /* in microseconds, 0 if it is not known */
    } acknowledged;

    struct
    {
      GBytes   *bytes;
      HbOpcode  opcode;
      HbReply   reply;
    } message;

    struct
    {
      HbReading reading;
      gboolean  is_queued; /* The handshake request still waits for a connection of the session. */
    } tick;
  };
} HbEvent;

typedef void (* HbEventFunc) (const HbEvent *event,
                              gpointer       user_data);

G_END_DECLS

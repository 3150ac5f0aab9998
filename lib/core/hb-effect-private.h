/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-deque-private.h"
#include "hb-outgoing-private.h"
#include "hb-property-private.h"
#include "hb-tickets-private.h"

G_BEGIN_DECLS

/* The actions that the machine requests from the driver. The driver carries them out in the order
 * in which they were pushed, with two exceptions. The drop of a link is first, and does not wait
 * until a handler returns: see hb_effects_push_drop (). A message that must wait is moved to the
 * inbox.
 *
 * The names in parentheses are the members that the effect uses. */
typedef enum {
  HB_EFFECT_DROP,      /* drop the link at once */
  HB_EFFECT_CONNECT,   /* make a link, emit `connecting`, send the request unless held (serial) */
  HB_EFFECT_REQUEST,   /* send the request that was held (serial) */
  HB_EFFECT_TRANSMIT,  /* send messages until no more may be sent now */
  HB_EFFECT_QUERY,     /* query how much the peer has acknowledged */
  HB_EFFECT_PING,      /* send a ping at once, even if messages wait */
  HB_EFFECT_SHUT_DOWN, /* send a close frame (code, reason) */
  HB_EFFECT_READ,      /* start or stop reading the socket, as hb_machine_may_read () says */
  HB_EFFECT_NOTIFY,    /* notify a property (property) */
  HB_EFFECT_OPEN,      /* emit `open` (serial) */
  HB_EFFECT_MESSAGE,   /* emit `message` (opcode, bytes) */
  HB_EFFECT_YIELD,     /* let other sources have their turn */
  HB_EFFECT_CLOSE,     /* emit `close` (code, reason) */
  HB_EFFECT_ERROR,     /* emit `error` (error) */
  HB_EFFECT_RECONNECT, /* emit `reconnect` (serial, attempt, delay) */
  HB_EFFECT_DRAIN,     /* emit `drain` */
  HB_EFFECT_RESOLVE,   /* complete a call (ticket, outcome, error or opcode and bytes) */
  HB_EFFECT_RELEASE,   /* release the bytes of a message that has left the queue (bytes); made by
                        * hb_machine_pop_effect () after all pushed effects */
} HbEffectKind;

typedef enum {
  HB_OUTCOME_DONE,
  HB_OUTCOME_RECEIVED,  /* (opcode, bytes) */
  HB_OUTCOME_CANCELLED, /* cancelled by the application */
  HB_OUTCOME_FAILED,    /* (error) */
  HB_OUTCOME_NONE,      /* completes no call; releases the ticket of a call to cancel */
} HbOutcome;

typedef struct
{
  HbEffectKind kind;

  union
  {
    guint       serial;
    HbProperty  property;
    GError     *error;    /* (owned) */
    GBytes     *bytes;    /* (owned) */

    struct
    {
      GBytes   *bytes; /* (owned) */
      HbOpcode  opcode;
    } message;

    struct
    {
      char  *reason; /* (owned) (nullable) */
      guint  code;
    } close;

    struct
    {
      guint serial;
      guint attempt;
      guint delay;
    } reconnect;

    struct
    {
      gpointer ticket;

      union
      {
        GError *error; /* (owned) (nullable) */
        GBytes *bytes; /* (owned) */
      };

      HbOutcome outcome;
      HbOpcode  opcode;
    } resolve;
  };
} HbEffect;

/* The effects that are still to be carried out, in order */
typedef HbDeque HbEffects;

void      hb_effects_init         (HbEffects      *self);
void      hb_effects_clear        (HbEffects      *self);
HbEffect *hb_effects_push         (HbEffects      *self,
                                   HbEffectKind    kind);
void      hb_effects_push_drop    (HbEffects      *self);
void      hb_effects_push_notify  (HbEffects      *self,
                                   HbProperty      property);
void      hb_effects_push_error   (HbEffects      *self,
                                   GError         *error);
void      hb_effects_push_close   (HbEffects      *self,
                                   HbEffectKind    kind,
                                   guint           code,
                                   const char     *reason);
void      hb_effects_push_resolve (HbEffects      *self,
                                   gpointer        ticket,
                                   HbOutcome       outcome,
                                   const GError   *error);
void      hb_effects_push_received (HbEffects     *self,
                                   gpointer        ticket,
                                   HbOpcode        opcode,
                                   GBytes         *bytes);
void      hb_effects_resolve_all  (HbEffects      *self,
                                   HbTickets      *tickets,
                                   HbOutcome       outcome,
                                   const GError   *error);
gboolean  hb_effects_fail_call    (HbEffects      *self,
                                   const GError   *error);

void      hb_effect_clear         (HbEffect       *self);

G_END_DECLS

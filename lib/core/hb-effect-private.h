/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-deque-private.h"
#include "hb-outgoing-private.h"
#include "hb-property-private.h"

G_BEGIN_DECLS

/* What the machine wants done, in this order, by the driver. The ones to the link come first, since
 * a change tears down before it tells. */
typedef enum {
  HB_EFFECT_DROP,      /* leave the link at once */
  HB_EFFECT_CONNECT,   /* make a link, show its request to the application, connect (serial) */
  HB_EFFECT_REQUEST,   /* send the request of that link, which has been held (serial) */
  HB_EFFECT_TRANSMIT,  /* hand over messages for as long as the link takes them */
  HB_EFFECT_PING,      /* send a ping, ahead of the messages */
  HB_EFFECT_SHUT_DOWN, /* send a close frame (code, text) */
  HB_EFFECT_NOTIFY,    /* a property has changed (property) */
  HB_EFFECT_OPEN,
  HB_EFFECT_MESSAGE,   /* (opcode, bytes) */
  HB_EFFECT_CLOSE,     /* (code, text) */
  HB_EFFECT_ERROR,     /* (error) */
  HB_EFFECT_RECONNECT, /* (serial, attempt, delay) */
  HB_EFFECT_DRAIN,
  HB_EFFECT_RESOLVE,   /* a call is over (ticket, outcome, error) */
} HbEffectKind;

typedef enum {
  HB_OUTCOME_DONE,
  HB_OUTCOME_CANCELLED, /* taken back by the application */
  HB_OUTCOME_FAILED,    /* (error) */
} HbOutcome;

typedef struct
{
  HbEffectKind kind;

  union
  {
    guint       serial;
    HbProperty  property;
    GError     *error;    /* (owned) */

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
      gpointer   ticket;
      GError    *error; /* (owned) (nullable) */
      HbOutcome  outcome;
    } resolve;
  };
} HbEffect;

/* The effects still to be carried out, first come first served */
typedef HbDeque HbEffects;

void      hb_effects_init         (HbEffects      *self);
void      hb_effects_clear        (HbEffects      *self);
HbEffect *hb_effects_push         (HbEffects      *self,
                                   HbEffectKind    kind);
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
void      hb_effects_resolve_all  (HbEffects      *self,
                                   GPtrArray      *tickets,
                                   HbOutcome       outcome,
                                   const GError   *error);
gboolean  hb_effects_fail_call    (HbEffects      *self,
                                   const GError   *error);

void      hb_effect_clear         (HbEffect       *self);

G_END_DECLS

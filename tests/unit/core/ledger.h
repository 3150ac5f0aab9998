/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "hb-effect-private.h"
#include "hb-settings-private.h"

G_BEGIN_DECLS

/* What a machine owes for the messages and calls that it has accepted, worked out by itself: one
 * plain list of messages in the order in which they have to go out, and one of the calls that
 * wait. */
typedef struct
{
  GPtrArray *calls;      /* not resolved yet */
  GPtrArray *line;       /* messages not sent yet, the ones at the link first */
  guint64    amount;     /* bytes in the line */
  guint64    n_sent;
  guint64    bytes_sent;
  guint64    n_dropped;
  guint64    n_expired;
  guint64    n_resent;
  guint      n_taken;    /* by the present link */
  guint      n_written;  /* of these, whole */
  guint      n_acknowledged; /* of these, by the peer */
  guint      n_calls;    /* there ever were */
  guint      n_drains;   /* `drain` signals that are still to come */
  gboolean   is_open;
  gboolean   is_ready;
  gboolean   can_acknowledge; /* the link knows what the peer has acknowledged */
  gboolean   greeting;
  gboolean   blocked;
  gboolean   waited;     /* a message had to, since the line was last empty */
  gboolean   overflowed; /* one was dropped, since then */
  gboolean   expired;    /* one has waited too long, since then */
  gboolean   is_closing; /* the task is CLOSED, and the calls that wait are about to be completed */
  int        reason;     /* why the task was last closed */
} Ledger;

typedef enum {
  CALL_OPEN,
  CALL_CLOSE,
  CALL_SEND,
  CALL_FLUSH,
  CALL_RECEIVE,
} CallKind;

/* In place of an HbError */
#define NO_ERROR  (-1)
#define ANY_ERROR (-2)

void     ledger_init         (Ledger           *self);
void     ledger_clear        (Ledger           *self);

gpointer ledger_start_call   (Ledger           *self,
                              CallKind          kind);
void     ledger_set_outside  (Ledger           *self,
                              gpointer          ticket,
                              gboolean          is_outside);
void     ledger_forget_call  (Ledger           *self,
                              gpointer          ticket);
gpointer ledger_pick_call    (Ledger           *self,
                              guint             index);
CallKind ledger_get_kind     (Ledger           *self,
                              gpointer          ticket);
gboolean ledger_is_waiting   (Ledger           *self,
                              gpointer          ticket);
gboolean ledger_is_pending   (Ledger           *self,
                              gpointer          ticket);
void     ledger_expect_call  (Ledger           *self,
                              gpointer          ticket,
                              HbOutcome         outcome,
                              int               error);
void     ledger_expect_all   (Ledger           *self,
                              CallKind          kind,
                              HbOutcome         outcome,
                              int               error);
gboolean ledger_give         (Ledger           *self,
                              GBytes           *bytes);
CallKind ledger_resolve      (Ledger           *self,
                              const HbEffect   *effect);

int      ledger_accept       (Ledger           *self,
                              const HbSettings *settings,
                              gint64            now,
                              const HbOutgoing *message,
                              gboolean         *tells);
gboolean ledger_reserve      (Ledger           *self,
                              const HbSettings *settings,
                              GBytes           *bytes);
gboolean ledger_on_overflow  (Ledger           *self,
                              guint             n_dropped);
gboolean ledger_drop_late    (Ledger           *self,
                              const HbOutgoing *message,
                              int               error);
gint64   ledger_get_expiry   (Ledger           *self,
                              guint             timeout);
gboolean ledger_expire       (Ledger           *self,
                              guint             timeout,
                              gint64            now);
void     ledger_flush        (Ledger           *self,
                              gpointer          ticket);
gboolean ledger_withdraw     (Ledger           *self,
                              gpointer          ticket);
void     ledger_take_queue   (Ledger           *self,
                              HbDeque          *taken);
guint    ledger_get_unhanded (Ledger           *self);
guint    ledger_get_unacknowledged (Ledger     *self);
guint    ledger_get_sendable (Ledger           *self);
guint    ledger_get_unready  (Ledger           *self);
void     ledger_drop_unready (Ledger           *self,
                              int               error);

void     ledger_on_opened    (Ledger           *self,
                              gboolean          is_ready,
                              gboolean          can_acknowledge);
void     ledger_on_lost      (Ledger           *self,
                              gboolean          is_last);
gboolean ledger_refuse       (Ledger           *self,
                              gboolean          is_too_big);
void     ledger_drop_refused (Ledger           *self);
void     ledger_on_closed    (Ledger           *self,
                              int               error);
void     ledger_on_blocked   (Ledger           *self);
void     ledger_on_taken     (Ledger           *self,
                              const HbOutgoing *message);
void     ledger_on_written   (Ledger           *self,
                              guint             n_written);
void     ledger_on_acknowledged (Ledger        *self,
                              guint             n_acknowledged);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#define ECHO_TYPE_GATE (echo_gate_get_type ())

G_DECLARE_FINAL_TYPE (EchoGate, echo_gate, ECHO, GATE, GTcpConnection)

EchoGate *echo_gate_new          (GSocket  *socket);
void      echo_gate_set_shut     (EchoGate *self,
                                  gboolean  is_shut);
void      echo_gate_owe          (EchoGate *self,
                                  gsize     size);
gboolean  echo_gate_is_behind    (EchoGate *self);
void      echo_gate_abort        (EchoGate *self);
gint64    echo_gate_get_heard_at (EchoGate *self);

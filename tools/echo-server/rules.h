/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "client.h"

void     echo_rules_greet (EchoClient *client);
gboolean echo_rules_allow (EchoClient *client,
                           GBytes     *message);

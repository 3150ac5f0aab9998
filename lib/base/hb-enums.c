/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "hb-enums.h"

G_DEFINE_ENUM_TYPE (HbState, hb_state,
                    G_DEFINE_ENUM_VALUE (HB_STATE_CONNECTING, "connecting"),
                    G_DEFINE_ENUM_VALUE (HB_STATE_OPEN, "open"),
                    G_DEFINE_ENUM_VALUE (HB_STATE_CLOSING, "closing"),
                    G_DEFINE_ENUM_VALUE (HB_STATE_CLOSED, "closed"),
                    G_DEFINE_ENUM_VALUE (HB_STATE_WAITING, "waiting"))

G_DEFINE_ENUM_TYPE (HbHeartbeatMode, hb_heartbeat_mode,
                    G_DEFINE_ENUM_VALUE (HB_HEARTBEAT_MODE_MESSAGE, "message"),
                    G_DEFINE_ENUM_VALUE (HB_HEARTBEAT_MODE_PING, "ping"))

G_DEFINE_ENUM_TYPE (HbLiveness, hb_liveness,
                    G_DEFINE_ENUM_VALUE (HB_LIVENESS_ANY, "any"),
                    G_DEFINE_ENUM_VALUE (HB_LIVENESS_REPLY, "reply"),
                    G_DEFINE_ENUM_VALUE (HB_LIVENESS_STEADY, "steady"))

G_DEFINE_ENUM_TYPE (HbOverflow, hb_overflow,
                    G_DEFINE_ENUM_VALUE (HB_OVERFLOW_FAIL, "fail"),
                    G_DEFINE_ENUM_VALUE (HB_OVERFLOW_DROP_OLDEST, "drop-oldest"),
                    G_DEFINE_ENUM_VALUE (HB_OVERFLOW_DROP_NEWEST, "drop-newest"))

G_DEFINE_ENUM_TYPE (HbDelivery, hb_delivery,
                    G_DEFINE_ENUM_VALUE (HB_DELIVERY_WRITTEN, "written"),
                    G_DEFINE_ENUM_VALUE (HB_DELIVERY_ACKNOWLEDGED, "acknowledged"))

G_DEFINE_FLAGS_TYPE (HbSendFlags, hb_send_flags,
                     G_DEFINE_ENUM_VALUE (HB_SEND_FLAGS_DEFAULT, "default"),
                     G_DEFINE_ENUM_VALUE (HB_SEND_FLAGS_VOLATILE, "volatile"),
                     G_DEFINE_ENUM_VALUE (HB_SEND_FLAGS_THIS_LINK, "this-link"))

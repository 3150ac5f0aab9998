/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define BENCH_TYPE_ENGINE (bench_engine_get_type ())

G_DECLARE_FINAL_TYPE (BenchEngine, bench_engine, BENCH, ENGINE, GObject)

BenchEngine *bench_engine_new          (void);
gboolean     bench_engine_open         (BenchEngine            *self,
                                        const char             *uri,
                                        GError                **error);
void         bench_engine_send_message (BenchEngine            *self,
                                        SoupWebsocketDataType   type,
                                        GBytes                 *message);

G_END_DECLS

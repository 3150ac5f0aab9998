#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that uses the Python library websockets."""

import asyncio
import os
import ssl
import sys

import websockets

from bench_client import BenchClient


def make_context(uri):
    if not uri.startswith('wss:'):
        return None
    return ssl.create_default_context(cafile=os.environ['BENCH_CERTIFICATE'])


async def main(client):
    message = client.data.decode() if client.is_text else client.data

    async with websockets.connect(client.uri, ssl=make_context(client.uri), max_size=None,
                                  compression=None) as socket:
        for _ in range(client.on_open()):
            await socket.send(message)

        async for answer in socket:
            n_messages = client.on_message(len(answer), answer)
            if n_messages < 0:
                client.print_result()
                # The program sends no close frame, because that of the server would arrive only
                # after all messages that are still in flight.
                os._exit(0)
            for _ in range(n_messages):
                await socket.send(message)


asyncio.run(main(BenchClient(*sys.argv[1:])))

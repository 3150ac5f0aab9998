#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client in Python, with PyGObject: client-gi.py task|libsoup|engine ARGUMENT..."""

import os
import sys

import gi

gi.require_version('Soup', '3.0')

from gi.repository import GLib, Soup  # noqa: E402

from bench_client import BenchClient  # noqa: E402


def send(client, n_messages, send_one):
    for _ in range(n_messages):
        send_one()

    if n_messages < 0:
        client.print_result()
        os._exit(0)


def fail(_, error):
    print(error.message, file=sys.stderr, flush=True)
    os._exit(1)


def run_libsoup(client, kind, message):
    session = Soup.Session()
    request = Soup.Message.new('GET', client.uri)
    kept = []

    def on_connected(_, result):
        connection = session.websocket_connect_finish(result)
        connection.set_max_incoming_payload_size(0)
        kept.append(connection)

        def send_one():
            connection.send_message(kind, message)

        def on_message(_connection, _kind, data):
            send(client, client.on_message(data.get_size(), data), send_one)

        connection.connect('message', on_message)
        send(client, client.on_open(), send_one)

    request.connect('accept-certificate', lambda *_: True)
    session.websocket_connect_async(request, None, None, GLib.PRIORITY_DEFAULT, None, on_connected)
    GLib.MainLoop().run()


def run_task(client, kind, message):
    gi.require_version('Hb', '1')
    from gi.repository import Hb

    task = Hb.WebsocketTask(uri=client.uri, max_message_size=0, max_buffered_amount=0)

    def send_one():
        task.send_message(kind, message, Hb.SendFlags.DEFAULT)

    def on_message(_task, _kind, data):
        send(client, client.on_message(data.get_size(), data), send_one)

    task.connect('connecting',
                 lambda _, request: request.connect('accept-certificate', lambda *_: True))
    task.connect('open', lambda _: send(client, client.on_open(), send_one))
    task.connect('message', on_message)
    task.connect('error', fail)
    task.open()
    GLib.MainLoop().run()


def run_engine(client, kind, message):
    gi.require_version('BenchEngine', '1')
    from gi.repository import BenchEngine

    engine = BenchEngine.Engine()

    def send_one():
        engine.send_message(kind, message)

    def on_message(_engine, _kind, data):
        send(client, client.on_message(data.get_size(), data), send_one)

    engine.connect('message', on_message)
    engine.open(client.uri)
    send(client, client.on_open(), send_one)
    GLib.MainLoop().run()


def main():
    client = BenchClient(*sys.argv[2:], read_number=lambda data: int(data.get_data()))
    kind = Soup.WebsocketDataType.TEXT if client.is_text else Soup.WebsocketDataType.BINARY
    run = {'task': run_task, 'libsoup': run_libsoup, 'engine': run_engine}[sys.argv[1]]
    run(client, kind, GLib.Bytes.new(client.data))


if __name__ == '__main__':
    main()

#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later

// A server with graphql-ws. The server prints a URI with the path /ws, which run.py removes. The
// server acknowledges a login after a delay. If an operation arrives during the delay, graphql-ws
// closes the connection with code 4401.

import {buildSchema} from 'graphql';
import {useServer} from 'graphql-ws/lib/use/ws';
import {WebSocketServer} from 'ws';

const DELAY = 50; // milliseconds

const server = new WebSocketServer({host: '127.0.0.1', port: 0, path: '/graphql'});

useServer({
  schema: buildSchema('type Query { hello: String }'),
  roots: {query: {hello: () => 'world'}},
  onConnect: () => new Promise(resolve => setTimeout(() => resolve(true), DELAY)),
}, server);

server.on('listening', () => console.log(`ws://127.0.0.1:${server.address().port}/ws`));
process.stdin.on('end', () => process.exit()).resume();

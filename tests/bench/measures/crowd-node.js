// SPDX-License-Identifier: LGPL-2.1-or-later

// Carries out the commands of crowd.c with Node's ws.
//
// crowd-node.js PORT

import fs from 'node:fs';
import process from 'node:process';

import {WebSocket} from 'ws';

const CONNECTING_AT_ONCE = 64;
const ADDRESSES = 8;
const PING_EVERY = 15000;

const port = process.argv[2];
let first = null;
let nWanted = 0;
let nStarted = 0;
let nOpened = 0;
let nEchoes = 0;
let done = null;

function start(number) {
    const address = `127.0.0.${1 + number % ADDRESSES}`;
    const socket = new WebSocket(`ws://${address}:${port}/echo`, {perMessageDeflate: false});
    let timer = null;

    first ??= socket;
    socket.on('open', () => {
        timer = setInterval(() => socket.ping(), PING_EVERY);
        onOpen();
    });
    socket.on('message', () => onMessage(socket));
    socket.on('close', () => {
        clearInterval(timer);
        if (socket === first)
            first = null;
        start(number);
    });
    socket.on('error', error => {
        throw error;
    });
}

function onOpen() {
    nOpened++;
    if (nStarted < nWanted)
        start(nStarted++);
    else if (nOpened === nWanted)
        done();
}

function onMessage(socket) {
    if (nEchoes === 0 || socket !== first)
        return;

    if (--nEchoes > 0)
        socket.send('message');
    else
        done();
}

const commands = {
    open: n => {
        nWanted += n;
        for (let i = 0; i < Math.min(n, CONNECTING_AT_ONCE); i++)
            start(nStarted++);
    },
    echo: n => {
        nEchoes = n;
        first.send('message');
    },
    rest: seconds => setTimeout(() => done(), seconds * 1000),
    back: () => {
        nOpened = 0;
    },
};

// An asynchronous read would add wake-ups of the loop, so the read blocks. Node makes its standard
// input non-blocking, so the program opens standard input again.
const stdin = fs.openSync('/dev/stdin');
const input = Buffer.alloc(64);
for (;;) {
    const length = fs.readSync(stdin, input);
    if (length === 0)
        process.exit(0);

    const [command, n] = input.toString('utf8', 0, length).trim().split(' ');
    await new Promise(resolve => {
        done = resolve;
        commands[command](Number(n));
    });

    const usage = process.resourceUsage();
    fs.writeSync(1, `${usage.userCPUTime + usage.systemCPUTime} ` +
        `${usage.voluntaryContextSwitches}\n`);
}

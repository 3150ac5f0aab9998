// SPDX-License-Identifier: LGPL-2.1-or-later

// The part that the clients for Node and GJS share. bench-client.h describes a client.
//
// Each client passes three functions to the constructor, because Node and GJS have different APIs:
//
//   getTime     returns the time of a monotonic clock, in microseconds
//   getUsage    returns the CPU time as {user, system}, in microseconds
//   readNumber  returns the number in a message that consists of decimal digits

const WARM_UP = 0.2;
const CLOCK_EVERY = 8;
const WINDOWS_SENT = 4;

export class BenchClient {
    constructor([uri, work, size, window, seconds, type], getTime, getUsage, readNumber) {
        this.uri = uri;
        this.work = work;
        this.size = Number(size);
        this.window = Number(window);
        this.isText = type === 'text';
        this.duration = Number(seconds) * 1e6;
        this.text = 'x'.repeat(this.size);
        this.getTime = getTime;
        this.getUsage = getUsage;
        this.readNumber = readNumber;
        this.startedAt = 0;
        this.nReceived = 0;
        this.nMessages = 0;
        this.nCounted = 0;
    }

    onOpen() {
        this.openedAt = this.getTime();
        return {echo: this.window, receive: 0, send: WINDOWS_SENT * this.window}[this.work];
    }

    // Returns how many messages the server has counted since its last count.
    readCount(message) {
        const nNew = this.readNumber(message) - this.nCounted;

        if (nNew !== this.window)
            throw new Error(`The server has counted ${nNew} messages, not ${this.window}`);

        this.nCounted += nNew;
        return nNew;
    }

    // Returns the number of messages to send now, or -1 when the time is up.
    onMessage(size, message) {
        const nTold = this.work === 'send' ? this.readCount(message) : 1;

        if (this.work !== 'send' && size !== this.size)
            throw new Error(`A message has ${size} bytes instead of ${this.size}`);

        this.nReceived++;
        this.nMessages += nTold;

        if (this.nReceived % CLOCK_EVERY === 0 || this.work === 'send' || this.size > 65535) {
            if (this.lookAtClock())
                return -1;
        }

        return this.work === 'receive' ? 0 : nTold;
    }

    lookAtClock() {
        const now = this.getTime();

        if (this.startedAt === 0) {
            if (now - this.openedAt >= this.duration * WARM_UP &&
                (this.work === 'send' || this.nReceived >= this.window)) {
                this.usage = this.getUsage();
                this.startedAt = now;
                this.nMessages = 0;
            }
            return false;
        }

        this.endedAt = now;
        return now - this.startedAt >= this.duration;
    }

    get result() {
        const usage = this.getUsage();

        return JSON.stringify({
            messages: this.nMessages,
            bytes: this.nMessages * this.size,
            wall: (this.endedAt - this.startedAt) / 1e6,
            user: (usage.user - this.usage.user) / 1e6,
            system: (usage.system - this.usage.system) / 1e6,
        });
    }
}

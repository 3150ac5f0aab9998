// SPDX-License-Identifier: LGPL-2.1-or-later

// The visible part of the page. Data from a client is inserted as text, never as HTML.

const MAX_LINES = 500;
const SIGNS = {event: '•', in: '←', out: '→'};
const KINDS = {event: 'event', in: 'received', out: 'sent'};

const find = id => document.getElementById(id);

const numbers = new Intl.NumberFormat();

function formatBytes(bytes) {
  if (bytes < 1024)
    return `${bytes} B`;
  if (bytes < 1024 * 1024)
    return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
}

function formatTraffic(count, bytes) {
  return `${numbers.format(count)} (${formatBytes(bytes)})`;
}

function formatTime(milliseconds) {
  return new Date(milliseconds).toLocaleTimeString();
}

function formatSilence(milliseconds) {
  return milliseconds < 1000 ? 'just now' : `${Math.floor(milliseconds / 1000)} s ago`;
}

// Writing the same text again would disturb a selection and a screen reader.
function setText(element, text) {
  if (element.textContent !== text)
    element.textContent = text;
}

// In the commands “greet” and “login”, null stands for no text.
function getText(id) {
  return find(id).value || null;
}

function onSubmit(form, handler) {
  form.addEventListener('submit', event => {
    event.preventDefault();
    handler();
  });
}

// A value from the command line or from another program may be missing from the list.
function setChoice(select, value, unit) {
  const text = String(value);

  if (select.value === text)
    return;

  if (![...select.options].some(option => option.value === text))
    select.add(new Option(`${text} ${unit}`, text));
  select.value = text;
}

class Card {
  constructor(number, run) {
    const client = number;

    this.element = find('client').content.firstElementChild.cloneNode(true);
    this.element.dataset.client = number;
    this.isMute = false;
    setText(this.part('name'), `Client ${number}`);

    this.element.setAttribute('role', 'group');
    this.element.setAttribute('aria-label', `Client ${number}`);
    this.part('drop').addEventListener('click', () => run({command: 'drop', client}));
    this.part('mute').addEventListener('click',
      () => run({command: 'mute', client, mute: !this.isMute}));
    onSubmit(this.part('close-form'),
      () => run({command: 'close', client, code: Number(this.part('code').value)}));
    onSubmit(this.part('send-form'), () => {
      run({command: 'send', client, text: this.part('text').value});
      this.part('text').value = '';
    });
  }

  part(name) {
    return this.element.querySelector(`.${name}`);
  }

  update(client) {
    let state = 'open';

    if (client.mute)
      state = 'muted';
    if (!client.open)
      state = 'closing';

    this.isMute = client.mute;
    this.element.dataset.state = state;
    setText(this.part('state'), state);
    setText(this.part('address'), client.address);
    setText(this.part('opened'), formatTime(client.opened));
    setText(this.part('heard'), formatSilence(client.heard));
    setText(this.part('in'), formatTraffic(client.in, client.bytesIn));
    setText(this.part('out'), formatTraffic(client.out, client.bytesOut));
    setText(this.part('waiting'), numbers.format(client.waiting));
    setText(this.part('mute'), client.mute ? 'Unmute' : 'Mute');
    this.part('mute').setAttribute('aria-pressed', String(client.mute));
  }
}

export class View {
  constructor(run) {
    this.run = run;
    this.cards = new Map();
    this.lastLine = 0;

    setText(find('address'), `ws://${location.host}/`);
    find('refuse').addEventListener('change', () => this.refuse());
    find('retry-after').addEventListener('change', () => this.refuse());
    find('delay').addEventListener('change',
      () => run({command: 'delay', delay: Number(find('delay').value)}));
    find('limit').addEventListener('change',
      () => run({command: 'limit', bytes: Number(find('limit').value)}));
    onSubmit(find('greet-form'), () => run({command: 'greet', text: getText('greet-text')}));
    onSubmit(find('login-form'), () => run({
      command: 'login',
      text: getText('login-text'),
      answer: getText('login-answer'),
    }));
    onSubmit(find('broadcast-form'), () => run({
      command: 'broadcast',
      text: find('broadcast-text').value,
      count: Number(find('broadcast-count').value),
    }));
    find('clear').addEventListener('click', () => find('log').replaceChildren());
  }

  refuse() {
    this.run({
      command: 'refuse',
      refuse: find('refuse').checked,
      retryAfter: Number(find('retry-after').value),
    });
  }

  showStatus(text, isBad = false) {
    setText(find('status'), text);
    find('status').classList.toggle('bad', isBad);
  }

  // The server may have restarted, and then counts its clients and lines from one again. Without
  // this reset, the card of an old client would show a new one.
  begin() {
    this.updateClients([]);
    this.lastLine = 0;
    this.showStatus('The page is connected to the server.');
  }

  end() {
    document.body.classList.add('offline');
    this.showStatus('The server cannot be reached. Trying again…', true);
  }

  update({server, clients, log}) {
    document.body.classList.remove('offline');
    document.title = `${server.connected} connected – echo-server`;

    setText(find('greet'), server.greet ? 'on' : 'off');
    setText(find('login'), server.login ? 'on' : 'off');
    setText(find('refused'), numbers.format(server.refused));
    setText(find('connected'), numbers.format(server.connected));
    this.updateClients(clients, server.connected);
    this.addLines(log);
  }

  showSettings({refuse, retryAfter, delay, limit}) {
    find('refuse').checked = refuse;
    setChoice(find('retry-after'), retryAfter, 's');
    setChoice(find('delay'), delay, 'ms');
    setChoice(find('limit'), limit, 'bytes');
  }

  updateClients(clients, connected = clients.length) {
    const here = new Set(clients.map(client => client.number));

    for (const [number, card] of this.cards) {
      if (!here.has(number))
        this.remove(number, card);
    }

    for (const client of clients) {
      if (!this.cards.has(client.number)) {
        const card = new Card(client.number, this.run);

        this.cards.set(client.number, card);
        find('clients').append(card.element);
      }
      this.cards.get(client.number).update(client);
    }

    find('nobody').hidden = connected > 0;
    find('unlisted').hidden = connected === clients.length;
    setText(find('unlisted'), `And ${numbers.format(connected - clients.length)} more.`);
  }

  // If the focus did not move to the heading, somebody who uses the keyboard would have to start
  // again at the top of the page.
  remove(number, card) {
    const hadFocus = card.element.contains(document.activeElement);

    card.element.remove();
    this.cards.delete(number);
    if (hadFocus)
      find('clients-heading').focus();
  }

  // The lines that arrive while the log is held count as left out.
  addLines(lines) {
    const log = find('log');
    const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;

    if (find('hold').checked)
      return;

    for (const line of lines) {
      const missed = line.number - this.lastLine - 1;

      if (missed > 0)
        log.append(View.makeGap(missed));
      log.append(View.makeLine(line));
      this.lastLine = line.number;
    }

    while (log.childElementCount > MAX_LINES)
      log.firstElementChild.remove();
    if (isAtEnd)
      log.scrollTop = log.scrollHeight;
  }

  static makeGap(count) {
    return View.makeItem('event', '…', 'event', `${numbers.format(count)} lines left out`);
  }

  static makeLine({time, client, kind, text}) {
    const who = client > 0 ? `client ${client}` : 'server';

    return View.makeItem(kind, SIGNS[kind], KINDS[kind], text, formatTime(time), who);
  }

  static makeItem(kind, sign, meaning, text, ...before) {
    const item = document.createElement('li');
    const mark = document.createElement('span');
    const body = document.createElement('span');

    item.className = kind;
    for (const part of before) {
      const span = document.createElement('span');

      span.className = 'when';
      span.textContent = part;
      item.append(span, ' ');
    }
    mark.textContent = sign;
    mark.setAttribute('role', 'img');
    mark.setAttribute('aria-label', meaning);
    body.className = 'body';
    body.textContent = text;
    item.append(mark, ' ', body);

    return item;
  }
}

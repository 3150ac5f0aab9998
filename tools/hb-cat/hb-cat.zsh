#compdef hb-cat
# SPDX-License-Identifier: LGPL-2.1-or-later

# Completion of hb-cat for zsh

# Completes the name of a file after an @. Other texts are not completed.
_hb_cat_text ()
{
  if compset -P @; then
    _files
  fi
}

_hb_cat ()
{
  _arguments -S \
    '(-h --help)'{-h,--help}'[Show help options]' \
    '*--protocol=[Offer this subprotocol (may be given more than once)]:name:' \
    '*--header=[Send this header, or those in FILE (may be given more than once)]:text:_hb_cat_text' \
    '--user=[Authenticate as this user (Basic)]:name and password:' \
    '--origin=[Send this Origin header]:origin:' \
    '--compression[Offer to compress messages (permessage-deflate)]' \
    '--ca-file=[Trust the certificate authorities in this file, and no others]:file:_files' \
    '--cert=[Authenticate with the client certificate in this file]:file:_files' \
    '--key=[The private key for the certificate of --cert, if the key is not in the same file]:file:_files' \
    '--insecure[Accept any certificate of the server, with a warning]' \
    '--greeting=[Send this message, or that in FILE, first on each connection]:text:_hb_cat_text' \
    '--ready-on=[Send lines only after a message that contains this text]:text:' \
    '--ping-timeout=[Silence before a ping, 0\: ping only when the network changes (15000)]:ms:' \
    '--pong-timeout=[Time for the reply to a ping (10000)]:ms:' \
    '--ping-mode=[Ping with a text message, or with a ping frame (ping)]:value:(message ping)' \
    '--ping-message=[The text of the ping message (heartbeat)]:text:' \
    '--pong-message=[The text of the reply to a ping; it is not printed]:text:' \
    '--liveness=[Data that proves that the server responds, and delays pings (any)]:value:(any reply steady)' \
    '--reconnect-timeout=[Delay before an attempt to reconnect (2000)]:ms:' \
    '--reconnect-timeout-max=[Double the delay after each failure, up to this time; 0\: never (0)]:ms:' \
    '--reconnect-jitter=[Share of each delay that is random, 0 to 1 (0)]:share:' \
    '--repeat-limit=[Give up after this many consecutive failed attempts to reconnect, -1\: never (-1)]:n:' \
    '--min-uptime=[Time a connection must last before the count of attempts is reset (5000)]:ms:' \
    '--connect-timeout=[How long one attempt may take (10000)]:ms:' \
    '--close-timeout=[How long closing may take (2000)]:ms:' \
    '--max-message-size=[Maximum size of a received message, 0\: 2 GiB (16777216)]:bytes:' \
    '--once[Never reconnect\: exit when the first connection ends]' \
    '--count=[Close after this number of received messages]:n:' \
    '--wait=[Wait for answers after the end of the input, -1\: forever (500, or -1 with --count)]:ms:' \
    '*--send=[Send this message, or that in FILE, instead of lines (may be given more than once)]:text:_hb_cat_text' \
    '--exec=[Run this command\: it reads messages, and each line of its output is sent]:command:_command_names -e' \
    '--binary[Send lines as binary messages, and print binary messages as they are]' \
    '(-0 --null)'{-0,--null}'[A NUL ends each line of the input and each message of the output]' \
    '--json[Print one JSON object for each event]' \
    '(-q --quiet)'{-q,--quiet}'[Print only messages and errors]' \
    '--version[Show the version and exit]' \
    ':URI:_hb_cat_uri'
}

_hb_cat_uri ()
{
  compadd -S '' ws:// wss://
}

_hb_cat "$@"

# SPDX-License-Identifier: LGPL-2.1-or-later

# Completion of hb-cat for fish

complete -c hb-cat -f -a 'ws:// wss://'

complete -c hb-cat -l help -s h -d 'Show help options'
complete -c hb-cat -l protocol -x -d 'Offer this subprotocol (may be given more than once)'
complete -c hb-cat -l header -x \
  -d 'Send this header, or those in FILE (may be given more than once)'
complete -c hb-cat -l user -x -d 'Authenticate as this user (Basic)'
complete -c hb-cat -l origin -x -d 'Send this Origin header'
complete -c hb-cat -l compression -d 'Offer to compress messages (permessage-deflate)'
complete -c hb-cat -l ca-file -r -F \
  -d 'Trust the certificate authorities in this file, and no others'
complete -c hb-cat -l cert -r -F -d 'Authenticate with the client certificate in this file'
complete -c hb-cat -l key -r -F \
  -d 'The private key for the certificate of --cert, if the key is not in the same file'
complete -c hb-cat -l insecure -d 'Accept any certificate of the server, with a warning'
complete -c hb-cat -l greeting -x -d 'Send this message, or that in FILE, first on each connection'
complete -c hb-cat -l ready-on -x -d 'Send lines only after a message that contains this text'
complete -c hb-cat -l ping-timeout -x \
  -d 'Silence before a ping, 0: ping only when the network changes (15000)'
complete -c hb-cat -l pong-timeout -x -d 'Time for the reply to a ping (10000)'
complete -c hb-cat -l ping-mode -x -a 'message ping' \
  -d 'Ping with a text message, or with a ping frame (ping)'
complete -c hb-cat -l ping-message -x -d 'The text of the ping message (heartbeat)'
complete -c hb-cat -l pong-message -x -d 'The text of the reply to a ping; it is not printed'
complete -c hb-cat -l liveness -x -a 'any reply steady' \
  -d 'Data that proves that the server responds, and delays pings (any)'
complete -c hb-cat -l reconnect-timeout -x -d 'Delay before an attempt to reconnect (2000)'
complete -c hb-cat -l reconnect-timeout-max -x \
  -d 'Double the delay after each failure, up to this time; 0: never (0)'
complete -c hb-cat -l reconnect-jitter -x -d 'Share of each delay that is random, 0 to 1 (0)'
complete -c hb-cat -l repeat-limit -x \
  -d 'Give up after this many consecutive failed attempts to reconnect, -1: never (-1)'
complete -c hb-cat -l min-uptime -x \
  -d 'Time a connection must last before the count of attempts is reset (5000)'
complete -c hb-cat -l connect-timeout -x -d 'How long one attempt may take (10000)'
complete -c hb-cat -l close-timeout -x -d 'How long closing may take (2000)'
complete -c hb-cat -l max-message-size -x \
  -d 'Maximum size of a received message, 0: 2 GiB (16777216)'
complete -c hb-cat -l once -d 'Never reconnect: exit when the first connection ends'
complete -c hb-cat -l count -x -d 'Close after this number of received messages'
complete -c hb-cat -l wait -x \
  -d 'Wait for answers after the end of the input, -1: forever (500, or -1 with --count)'
complete -c hb-cat -l send -x \
  -d 'Send this message, or that in FILE, instead of lines (may be given more than once)'
complete -c hb-cat -l exec -x -a '(__fish_complete_command)' \
  -d 'Run this command: it reads messages, and each line of its output is sent'
complete -c hb-cat -l binary \
  -d 'Send lines as binary messages, and print binary messages as they are'
complete -c hb-cat -l null -s 0 \
  -d 'A NUL ends each line of the input and each message of the output'
complete -c hb-cat -l json -d 'Print one JSON object for each event'
complete -c hb-cat -l quiet -s q -d 'Print only messages and errors'
complete -c hb-cat -l version -d 'Show the version and exit'

# SPDX-License-Identifier: LGPL-2.1-or-later

# Completion of hb-cat for bash

_hb_cat ()
{
  local current=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]}
  local flags="--compression --insecure --once --binary --null --json --quiet --version --help"
  local valued="--protocol --header --user --origin --greeting --ready-on --ca-file --cert --key
    --ping-timeout --pong-timeout --ping-mode --ping-message --pong-message --liveness
    --reconnect-timeout --reconnect-timeout-max --reconnect-jitter --repeat-limit --min-uptime
    --connect-timeout --close-timeout --max-message-size --count --wait --send --exec"

  COMPREPLY=()

  # For bash, the equals sign in --NAME=VALUE is a word of its own.
  if [[ $current == = ]]; then
    current=
  elif [[ $option == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 2]}
  fi

  case $option in
    --ping-mode)
      mapfile -t COMPREPLY < <(compgen -W "message ping" -- "$current")
      return
      ;;
    --liveness)
      mapfile -t COMPREPLY < <(compgen -W "any reply steady" -- "$current")
      return
      ;;
    --ca-file | --cert | --key)
      compopt -o filenames 2> /dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --exec)
      mapfile -t COMPREPLY < <(compgen -c -- "$current")
      return
      ;;
    --*)
      if [[ " ${valued//$'\n'/ } " == *" $option "* ]]; then
        return
      fi
      ;;
  esac

  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current"
      compgen -S = -W "$valued" -- "$current")
    # Insert no space after the equals sign, because the value follows.
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
      compopt -o nospace 2> /dev/null
    fi
  else
    compopt -o nospace 2> /dev/null
    mapfile -t COMPREPLY < <(compgen -W "ws:// wss://" -- "$current")
  fi
}

complete -F _hb_cat hb-cat

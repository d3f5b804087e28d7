/** The script for zsh: to be sourced, or as a file `_packet-trace` in $fpath. */
import { casesFor } from './cases.ts';
import type { Word } from './words.ts';

const CASES = casesFor({
  words: (kind, words) => `_packet-trace_describe ${kind} ${words.map(described).join(' ')}`,
  names: {
    path: '_files',
    folder: '_files -/',
    target: '_packet-trace_hosts local',
    host: '_packet-trace_hosts',
  },
});

export function zshScript(): string {
  return `#compdef packet-trace
# Completion for zsh, made by "packet-trace completion zsh". In ~/.zshrc, behind compinit:
#   source <(packet-trace completion zsh)
# or in a file _packet-trace in a folder of $fpath.

_packet-trace_describe() {
  local kind=$1
  shift
  local -a described
  described=("$@")
  _describe -t $kind $kind described
}

_packet-trace_hosts() {
  local -a hosts
  local program=\${(Q)words[1]}
  hosts=(\${(f)"$(\${program/#\\~/$HOME} completion hosts 2>/dev/null)"} "$@")
  compset -P '*@'
  _packet-trace_describe host $hosts
}

_packet-trace() {
  local word option= ended= helps= command i
  local -a operands
  for ((i = 2; i < CURRENT; i++)); do
    word=\${(Q)words[i]}
    if [[ -n $ended ]]; then
      operands+=("$word")
      continue
    fi
    case $word in
      --) ended=1 ;;
      ${CASES.valued})
        if ((++i == CURRENT)); then option=$word; fi
        ;;
      -*) ;;
      *) operands+=("$word") ;;
    esac
  done

  if [[ -z $option && -z $ended && \${words[CURRENT]} == --*=* ]]; then
    option=\${\${words[CURRENT]}%%=*}
    compset -P '*='
  fi
  if [[ -n $option ]]; then
    case $option in
${CASES.values}
      *) _message 'value' ;;
    esac
    return
  fi

  if [[ \${operands[1]} == help ]]; then
    helps=1
    shift operands
  fi
  command=\${operands[1]}
  case "$command \${operands[2]}" in
    ${CASES.pairs})
      command="$command \${operands[2]}"
      shift operands
      ;;
  esac

  if [[ \${words[CURRENT]} == -* && -z $ended ]]; then
    case $command in
${CASES.options}
      *) ${CASES.general} ;;
    esac
  elif [[ -z $command ]]; then
    ${CASES.firstWords}
  elif ((\${#operands} == 1)); then
    case $command in
${CASES.secondWords}
    esac
    [[ -n $helps ]] && return
    case $command in
${CASES.operands}
    esac
  fi
}

if [[ \${funcstack[1]} == _packet-trace ]]; then
  _packet-trace "$@"
else
  compdef _packet-trace packet-trace
fi
`;
}

/** For _describe: what stands before the first colon is the word. */
function described({ text, meaning }: Word): string {
  return quoted(`${text.replaceAll(':', '\\:')}:${meaning}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The script for bash, 4 or newer. */
import { casesFor } from './cases.ts';

const CASES = casesFor({
  // None of these words has a letter that bash would read as anything else; a test holds the tables to it.
  words: (_kind, words) => `_packet_trace_offer ${words.map(({ text }) => text).join(' ')}`,
  names: {
    path: 'compopt -o default',
    folder: 'compopt -o dirnames',
    target: '_packet_trace_offer local; _packet_trace_hosts',
    host: '_packet_trace_hosts',
  },
});

export function bashScript(): string {
  return `# Completion for bash, made by "packet-trace completion bash". In ~/.bashrc:
#   source <(packet-trace completion bash)

# The words that begin as the one that is typed. $typed of it is no part of what bash puts another in for.
_packet_trace_offer() {
  local word
  for word; do
    word=$before$word
    [[ $word == "$current"* ]] && COMPREPLY+=("\${word#"$typed"}")
  done
}

_packet_trace_hosts() {
  local host user=
  [[ \${current#"$before"} == *@* ]] && user=\${current#"$before"} user=\${user%@*}@
  while IFS= read -r host; do
    _packet_trace_offer "$user$host"
  done < <("\${program/#\\~/$HOME}" completion hosts 2>/dev/null)
}

_packet_trace() {
  local line=\${COMP_LINE:0:COMP_POINT} gap word i words=()
  # Bash divides words at "=", ":" and "@" too; here they are whole again, the last one up to the cursor.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    gap=\${line%%[![:space:]]*}
    line=\${line#"$gap"}
    word=\${COMP_WORDS[i]}
    ((i == COMP_CWORD)) && word=$line
    line=\${line#"$word"}
    if [[ -z $gap ]] && ((i > 0)); then
      words[\${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
  done

  local last=$((\${#words[@]} - 1)) program=\${words[0]} option= ended= operands=()
  local current=\${words[last]} before=
  local typed=\${current%"$2"}
  COMPREPLY=()
  for ((i = 1; i < last; i++)); do
    word=\${words[i]}
    if [[ $ended ]]; then
      operands+=("$word")
      continue
    fi
    case $word in
      --) ended=1 ;;
      ${CASES.valued})
        if ((++i == last)); then option=$word; fi
        ;;
      -*) ;;
      *) operands+=("$word") ;;
    esac
  done

  if [[ -z $option && -z $ended && $current == --*=* ]]; then
    option=\${current%%=*} before=\${current%%=*}=
  fi
  if [[ $option ]]; then
    case $option in
${CASES.values}
    esac
    return
  fi

  local helps= command=\${operands[0]-}
  if [[ $command == help ]]; then
    helps=1 command=\${operands[1]-}
    operands=("\${operands[@]:1}")
  fi
  case "$command \${operands[1]-}" in
    ${CASES.pairs})
      command="$command \${operands[1]}"
      operands=("\${operands[@]:1}")
      ;;
  esac

  if [[ $current == -* && -z $ended ]]; then
    case $command in
${CASES.options}
      *) ${CASES.general} ;;
    esac
  elif [[ -z $command ]]; then
    ${CASES.firstWords}
  elif ((\${#operands[@]} == 1)); then
    case $command in
${CASES.secondWords}
    esac
    [[ $helps ]] && return
    case $command in
${CASES.operands}
    esac
  fi
}

complete -F _packet_trace packet-trace
`;
}

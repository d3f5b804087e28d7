/** Shell commands about the agents that run in a guest. */

/** In a guest: the processes of our agents. The brackets keep the search from finding itself. */
export const AGENTS = `for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -q 'agent[.]cjs serve' && echo \${p#/proc/}; done`;

/** In a guest: cuts the SSH connections that our agents hang on. */
export const CUT = `for pid in $(${AGENTS}); do
  while [ "$pid" -gt 1 ]; do
    parent=$(sed -n 's/^PPid:\\t//p' /proc/$pid/status)
    case $(cat /proc/$pid/comm) in sshd*) kill -9 $pid ;; esac
    pid=$parent
    [ "$(cat /proc/$pid/comm)" = sshd ] && break
  done
done; true`;

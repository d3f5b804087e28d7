/** Packets that pass known functions in a guest whose clock counts instructions, and both tools tracing those functions. */
import type { Guest } from '../lab/guests/guest.ts';
import { type Home, START_LIMIT_MS, targetArgs } from '../lab/terminal/packet-trace.ts';

/** On the way of a UDP packet over the loopback device; both tools can probe all of them. */
export const FUNCTIONS = [
  '__ip_local_out',
  'ip_output',
  'ip_finish_output2',
  '__dev_queue_xmit',
  'dev_hard_start_xmit',
  'loopback_xmit',
  'ip_rcv',
  'ip_local_deliver',
  'udp_rcv',
  'udp_unicast_rcv_skb',
];

export const PORT = { traffic: 5009, other: 5010 };
/** A tool that traces with a filter until it is stopped. */
export type Tool = (filter: string) => Promise<{ stop(): Promise<void> }>;

/** UDP packets to a socket that takes them, so that nothing is answered and nothing is dropped. */
export async function send(
  guest: Guest,
  { count, pauseMs }: { count: number; pauseMs: number },
): Promise<void> {
  const script = `
    use Socket;
    socket(my $in, PF_INET, SOCK_DGRAM, 17); bind($in, sockaddr_in(${PORT.traffic}, INADDR_LOOPBACK)) or die;
    socket(my $out, PF_INET, SOCK_DGRAM, 17);
    for (1..${count}) {
      send($out, "x" x 100, 0, sockaddr_in(${PORT.traffic}, INADDR_LOOPBACK)) or die;
      recv($in, my $data, 200, 0);
      select(undef, undef, undef, ${pauseMs / 1000}) if ${pauseMs};
    }`;
  await inGuest(guest, 'perl -', script);
}

export function packetTrace(guest: Guest, home: Home, functions: readonly string[] = FUNCTIONS): Tool {
  return async (filter) => {
    const args = [...targetArgs(guest), '--filter-func', functions.join('|'), '--json', filter];
    const trace = home.start(['trace', ...args]);
    await trace.attached();
    return {
      stop: async () => {
        const { code, stderr } = await trace.interrupt();
        if (code !== 0) throw new Error(stderr);
      },
    };
  };
}

export function pwru(guest: Guest, program = 'pwru', functions: readonly string[] = FUNCTIONS): Tool {
  return async (filter) => {
    const start = `
      rm -f /tmp/ready
      setsid ${program} --ready-file /tmp/ready --filter-func '^(${functions.join('|')})$' '${filter}' \\
        > /dev/null 2> /tmp/pwru.err < /dev/null &
      echo $!
      for i in $(seq 600); do test -e /tmp/ready && exit; sleep 0.1; done
      cat /tmp/pwru.err >&2; kill $!; exit 1`;
    const pid = (await inGuest(guest, start)).trim();
    return {
      stop: async () => {
        const wait = `for i in $(seq 600); do test -d /proc/${pid} || exit 0; sleep 0.1; done; exit 1`;
        await inGuest(guest, `kill -INT ${pid}; ${wait}`);
      },
    };
  };
}

export async function inGuest(guest: Guest, command: string, input?: string): Promise<string> {
  const { code, stdout, stderr } = await guest.exec(command, {
    timeoutMs: START_LIMIT_MS,
    ...(input !== undefined && { input }),
  });
  if (code !== 0) throw new Error(`in the guest: ${command}\nended with ${code}: ${stderr}`);
  return stdout;
}

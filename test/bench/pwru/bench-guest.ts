/**
 * The guest that both tools trace: two network namespaces joined by veth, sockets in one that take whatever comes, and
 * loads.pl, which sends from the other.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repoRoot } from '../../../build/paths.ts';
import type { Guest } from '../../lab/guests/guest.ts';

const FOLDER = '/root/bench';
const SCRIPTS = ['load.pl', 'programs.pl', 'armed.sh'];
const RECEIVER = '10.9.0.2';
export const PORT = { udp: 5009, other: 5010, tcp: 5011 };
const LIMIT_MS = 600_000;

/** What was sent, and for how long. */
export interface Load {
  count: number;
  seconds: number;
}

/** One BPF program of the guest, as the kernel accounts for it. */
export interface ProgramAccount {
  name: string;
  hits: number;
  nanoseconds: number;
  missed: number;
}

const TOPOLOGY = `
  ip -batch - << E
    netns add ba
    netns add bb
    link add va netns ba type veth peer name vb netns bb
E
  for end in a:1 b:2; do
    ip -n b\${end%:*} link set lo up
    ip -n b\${end%:*} link set v\${end%:*} up
    ip -n b\${end%:*} addr add 10.9.0.\${end#*:}/24 dev v\${end%:*}
  done
  for port in ${PORT.udp} ${PORT.other}; do ip netns exec bb perl ${FOLDER}/load.pl udp-receive $port; done
  ip netns exec bb perl ${FOLDER}/load.pl tcp-receive ${PORT.tcp}
  ip netns exec ba ping -qc 1 ${RECEIVER}`;

export class BenchGuest {
  private constructor(readonly guest: Guest) {}

  /** Makes a booted guest ready. */
  static async prepare(guest: Guest): Promise<BenchGuest> {
    const ready = new BenchGuest(guest);
    await ready.sh(`mkdir -p ${FOLDER}`);
    for (const name of SCRIPTS) {
      const text = await readFile(join(repoRoot, 'test/bench/pwru', name), 'utf8');
      await ready.sh(`cat > ${FOLDER}/${name}`, text);
    }
    await ready.sh(TOPOLOGY);
    return ready;
  }

  /** Runs a command. @throws Error when it fails */
  async sh(command: string, input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.guest.exec(command, {
      timeoutMs: LIMIT_MS,
      ...(input !== undefined && { input }),
    });
    if (code !== 0) throw new Error(`in the guest: ${command}\nended with ${code}: ${stderr}\n${stdout}`);
    return stdout;
  }

  /** UDP packets of 100 bytes. @param rate packets a second */
  udp(rate: number, seconds: number, port = PORT.udp): Promise<Load> {
    return this.#send(`udp ${RECEIVER} ${port} ${rate} ${seconds}`);
  }

  /** Short TCP connections. @param rate connections a second */
  connections(rate: number, seconds: number): Promise<Load> {
    return this.#send(`connections ${RECEIVER} ${PORT.tcp} ${rate} ${seconds}`);
  }

  /** One TCP connection as fast as it goes; counts 64 kB. */
  stream(seconds: number): Promise<Load> {
    return this.#send(`stream ${RECEIVER} ${PORT.tcp} ${seconds}`);
  }

  async #send(load: string): Promise<Load> {
    const output = await this.sh(`ip netns exec ba perl ${FOLDER}/load.pl ${load}`);
    const [count = 0, nanoseconds = 0] = output.trim().split(' ').map(Number);
    return { count, seconds: nanoseconds / 1e9 };
  }

  /** The BPF programs of all processes. */
  async programs(): Promise<ProgramAccount[]> {
    const lines = (await this.sh(`perl ${FOLDER}/programs.pl`)).split('\n').slice(0, -1);
    return lines.map((line) => {
      const [name = '', hits, nanoseconds, missed] = line.split(' ');
      return { name, hits: Number(hits), nanoseconds: Number(nanoseconds), missed: Number(missed) };
    });
  }

  /** Waits until no probe is armed and, if one is given, the process has ended. @returns milliseconds, by the guest's clock */
  async gone(before = '', pid = ''): Promise<number> {
    return Number(await this.sh(`. ${FOLDER}/armed.sh\n${before}\ngone ${pid}`));
  }

  /** User and system time of a process in seconds. */
  async cpuSeconds(pid: number | string): Promise<number> {
    const ticks = await this.sh(
      `echo $(sed 's/.*) //' /proc/${pid}/stat | cut -d' ' -f12,13) $(getconf CLK_TCK)`,
    );
    const [user = 0, system = 0, second = 100] = ticks.trim().split(' ').map(Number);
    return (user + system) / second;
  }

  /** Resident memory of a process in bytes, by kind, as /proc/PID/status has it. */
  async resident(pid: number | string): Promise<Record<'anonymous' | 'file' | 'shared', number>> {
    const status = await this.sh(`cat /proc/${pid}/status`);
    const of = (key: string) => 1024 * Number(new RegExp(`^${key}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]);
    return { anonymous: of('RssAnon'), file: of('RssFile'), shared: of('RssShmem') };
  }
}

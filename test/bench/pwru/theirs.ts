/** pwru in the guest: Debian's, or the one that PWRU names. */
import { readFile } from 'node:fs/promises';
import type { BenchGuest } from './bench-guest.ts';
import type { CpuTime, Delivered, Running, Sink, Stopped, Tool } from './tool.ts';

const OUTPUT = '/run/pwru.out';
/** What ours shows too. */
const SHOWS = '--output-meta --output-tuple';
/** BPF_MAP_TYPE_QUEUE: what its events wait in. */
const QUEUE = 22;

export class Pwru implements Tool {
  private constructor(
    private readonly guest: BenchGuest,
    readonly program: string,
    /** As it says it. */
    readonly version: string,
    /** Before 1.0.8 it prints text alone. */
    readonly hasJson: boolean,
  ) {}

  static async prepare(guest: BenchGuest): Promise<Pwru> {
    let program = 'pwru';
    if (process.env.PWRU !== undefined) {
      program = '/root/bench/pwru';
      const base64 = (await readFile(process.env.PWRU)).toString('base64');
      await guest.sh(`base64 -d > ${program} && chmod 755 ${program}`, base64);
    }
    const version = (await guest.sh(`${program} --version`)).trim().replace(/^(pwru|version)\s+/, '');
    const help = await guest.sh(`${program} --help 2>&1 || true`);
    return new Pwru(guest, program, version, help.includes('--output-json'));
  }

  async start(filter: string, sink: Sink): Promise<Running> {
    const output = sink === 'engine' ? '/dev/null' : OUTPUT;
    const json = sink === 'json' && this.hasJson ? '--output-json' : '';
    const script = `
      rm -f /run/pwru.ready ${OUTPUT}
      began=$(date +%s%N)
      setsid ${this.program} --ready-file /run/pwru.ready ${SHOWS} ${json} '${filter}' > ${output} 2> /run/pwru.err < /dev/null &
      while ! test -e /run/pwru.ready; do kill -0 $! || { cat /run/pwru.err >&2; exit 1; }; sleep 0.02; done
      echo $! $((($(date +%s%N) - began) / 1000000))`;
    const [pid = 0, attachMs = 0] = (await this.guest.sh(script)).trim().split(' ').map(Number);
    const cpu = await this.guest.cpuSeconds(pid);
    return new RunningPwru(this.guest, pid, attachMs, cpu);
  }
}

class RunningPwru implements Running {
  readonly tellsLoss = false;

  constructor(
    private readonly guest: BenchGuest,
    readonly pid: number,
    readonly attachMs: number,
    private readonly cpuBefore: number,
  ) {}

  async delivered(): Promise<Delivered> {
    const figures = await this.guest.sh(`echo $(wc -l < ${OUTPUT}) $(date +%s%N) $(date -r ${OUTPUT} +%s%N)`);
    const [events = 0, now = 0, changed = 0] = figures.trim().split(' ').map(Number);
    return { events: Math.max(0, events - 1), quietFor: (now - changed) / 1e9, lost: 0 };
  }

  async cpu(): Promise<CpuTime> {
    return { agent: (await this.guest.cpuSeconds(this.pid)) - this.cpuBefore, transport: 0, editor: 0 };
  }

  async stop(): Promise<Stopped> {
    const queue = `grep -l 'map_type:.${QUEUE}$' /proc/${this.pid}/fdinfo/* 2> /dev/null | head -n 1`;
    const size = await this.guest.sh(`sed -n 's/^value_size:\\t//p' $(${queue})`);
    const goneMs = await this.guest.gone(`kill -INT ${this.pid}`, String(this.pid));
    return { goneMs, events: 0, lost: 0, missed: 0, eventBytes: Number(size) };
  }

  kill(): Promise<number> {
    return this.guest.gone(`kill -KILL ${this.pid}`);
  }
}

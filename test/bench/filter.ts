/**
 * What a hit of a probe costs with a filter, ours and pwru's, in one guest: the kernel's own account of its BPF
 * programs (kernel.bpf_stats_enabled) while the same UDP packets pass the same functions. The guest's clock
 * advances a nanosecond for each instruction, so that a run can be repeated on any machine: the figures are
 * comparable with each other, not with those of a real CPU.
 */
import { bootGuest, type Guest } from '../lab/guests/guest.ts';
import { Home } from '../lab/terminal/packet-trace.ts';
import { inGuest, packetTrace, PORT, pwru, send, type Tool } from './hit.ts';
import { printTable } from './table.ts';

const hosts = Array.from({ length: 20 }, (_, index) => `host 10.0.0.${index + 1}`).join(' or ');

/** Filters by what they ask for, each for the port of the traffic or for another one. */
const FILTERS: { name: string; text: (port: number) => string }[] = [
  { name: 'port', text: (port) => `udp port ${port}` },
  { name: 'host and port', text: (port) => `dst host 127.0.0.1 and udp and dst port ${port}` },
  { name: 'byte access', text: (port) => `udp[2:2] = ${port} and udp[8] = 120` },
  { name: '20 hosts or port', text: (port) => `${hosts} or udp dst port ${port}` },
];

/** Matching packets are spaced out: pwru loses events above some 2,000 a second, and a lost one costs it less. */
const PACKETS = { matching: { count: 300, pauseMs: 15 }, other: { count: 5000, pauseMs: 0 } };

interface Cost {
  hits: number;
  nanoseconds: number;
}

export async function filterBenchmark(): Promise<void> {
  const guest = await bootGuest({
    kernel: '6.12',
    userland: 'node',
    countInstructions: true,
    log: console.error,
  });
  const home = new Home(guest);
  try {
    await inGuest(guest, 'sysctl -qw kernel.bpf_stats_enabled=1');
    const tools = { ours: packetTrace(guest, home), pwru: pwru(guest) };
    const rows: string[][] = [];
    for (const { name, text } of FILTERS) {
      for (const [kind, port] of [
        ['matching', PORT.traffic],
        ['other', PORT.other],
      ] as const) {
        const ours = await measure(guest, tools.ours, text(port), PACKETS[kind]);
        const theirs = await measure(guest, tools.pwru, text(port), PACKETS[kind]);
        const [a, b] = [perHit(ours), perHit(theirs)];
        console.error(`${name}, ${kind}: ${a.toFixed(0)} ns and ${b.toFixed(0)} ns`);
        rows.push([
          name,
          kind === 'matching' ? 'yes' : 'no',
          a.toFixed(0),
          b.toFixed(0),
          (b / a).toFixed(1),
          String(ours.hits),
          String(theirs.hits),
        ]);
      }
    }
    printTable(
      ['filter', 'matches', 'ours, ns', 'pwru, ns', 'pwru / ours', 'hits, ours', 'hits, pwru'],
      rows,
    );
  } finally {
    await home.dispose();
    await guest.stop();
  }
}

function perHit({ nanoseconds, hits }: Cost): number {
  return nanoseconds / hits;
}

async function measure(
  guest: Guest,
  tool: Tool,
  filter: string,
  packets: { count: number; pauseMs: number },
): Promise<Cost> {
  const running = await tool(filter);
  try {
    await send(guest, { count: 20, pauseMs: packets.pauseMs }); // warms caches and the emulator's translations
    const before = await account(guest);
    await send(guest, packets);
    const after = await account(guest);
    return { hits: after.hits - before.hits, nanoseconds: after.nanoseconds - before.nanoseconds };
  } finally {
    await running.stop();
  }
}

/** All BPF programs that a process of the guest holds; only one tool runs at a time. */
async function account(guest: Guest): Promise<Cost> {
  const sum = `cat /proc/[0-9]*/fdinfo/* 2>/dev/null | awk '
    /^prog_id/ { id = $2 } /^run_time_ns/ { time[id] = $2 } /^run_cnt/ { count[id] = $2 }
    END { for (id in time) { total += time[id]; hits += count[id] } printf "%d %d", total, hits }'`;
  const [nanoseconds = 0, hits = 0] = (await inGuest(guest, sum)).split(' ').map(Number);
  return { nanoseconds, hits };
}

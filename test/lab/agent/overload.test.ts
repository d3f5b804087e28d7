/**
 * More packets than can be told of: every hit of a packet that matched is delivered or counted as lost, exactly. What
 * it is compared with is counted by programs of the test (counted.h) and by the kernel.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { join } from 'node:path';
import { compileBpf } from '../../../build/bpf.ts';
import { distDir, repoRoot } from '../../../build/paths.ts';
import { FilterCompiler } from '../../../extension/filter/filter-compiler.ts';
import type { CompiledFilter, StartRequest } from '../../../common/protocol.ts';
import { AGENT_FOLDER } from './client.ts';
import { kernelsPlayed } from '../kernels-played.ts';
import { agentSuite } from './suite.ts';

const PORT = 7009;
const KERNELS = ['6.12', '6.1'] as const;
/** The least that there is: with it a reader that pauses for milliseconds loses. */
const SMALL_RING_BYTES = 4096;
/** More than bpf/events/life.h has lives. */
const HELD_PACKETS = 40_000;

/**
 * Holds the maps of the test's programs, which would go with the agent, and sums over CPUs once its input ends. bpf(2):
 * BPF_MAP_GET_NEXT_ID 12, BPF_MAP_GET_FD_BY_ID 14, BPF_OBJ_GET_INFO_BY_FD 15, BPF_MAP_LOOKUP_ELEM 1.
 */
const COUNTER = String.raw`
  use strict;
  open my $possible, '<', '/sys/devices/system/cpu/possible' or die;
  my ($last) = <$possible> =~ /(\d+)\s*$/;
  my ($id, @held) = (0);
  while (1) {
    my $next = pack('LLL', $id, 0, 0);
    last if syscall(321, 12, $next, length $next) != 0;
    (undef, $id) = unpack('LL', $next);
    my $by_id = pack('LLL', $id, 0, 0);
    my $map = syscall(321, 14, $by_id, length $by_id);
    my $info = "\0" x 88;
    my $attribute = pack('LLQ', $map, length $info, unpack('Q', pack('P', $info)));
    syscall(321, 15, $attribute, length $attribute) == 0 or die "info: $!";
    my $name = unpack('Z16', substr($info, 24, 16));
    push @held, $map if $name eq 'told';
  }
  die "no map" if !@held;
  $| = 1;
  print "held\n";
  <STDIN>;
  my $sum = 0;
  for my $fd (@held) {
    my ($key, $value) = (pack('L', 0), "\0" x (8 * ($last + 1)));
    my $lookup = pack('LLQQQ', $fd, 0, unpack('Q', pack('P', $key)), unpack('Q', pack('P', $value)), 0);
    syscall(321, 1, $lookup, length $lookup) == 0 or die "lookup: $!";
    $sum += $_ for unpack('Q*', $value);
  }
  print "$sum\n";
`;

/** Sends as fast as it can, to a socket that takes nothing. */
const sender = (count: number) => `
  use Socket;
  socket(my $in, PF_INET, SOCK_DGRAM, 17); bind($in, sockaddr_in(${PORT}, INADDR_LOOPBACK)) or die;
  socket(my $out, PF_INET, SOCK_DGRAM, 17);
  setsockopt($out, SOL_SOCKET, 32, 1 << 28); # SO_SNDBUFFORCE
  for (1..${count}) { send($out, 'x', 0, sockaddr_in(${PORT}, INADDR_LOOPBACK)) or die "$_: $!"; }`;

for (const kernel of kernelsPlayed(KERNELS))
  describe(`overload on ${kernel}`, () => {
    const { guest, trace, sh } = agentSuite(kernel);
    let filter: CompiledFilter;

    before(async () => {
      const compiler = new FilterCompiler(distDir);
      filter = await compiler.compile(`udp dst port ${PORT}`);
      await compiler.dispose();
      for (const name of ['probes', 'follow']) {
        const object = await compileBpf(join(repoRoot, `test/lab/agent/counted-${name}.bpf.c`));
        await upload(`${AGENT_FOLDER}/linux-x64/${name}.bpf.o`, object);
      }
      await upload('/tmp/counter.pl', Buffer.from(COUNTER));
    });

    const upload = async (path: string, content: Uint8Array) => {
      const { code, stderr } = await guest().exec(`base64 -d > ${path}`, {
        input: Buffer.from(content).toString('base64'),
      });
      assert.equal(code, 0, stderr);
    };
    const start = (ringBufferBytes: number) => {
      const request: StartRequest = {
        type: 'start',
        filter,
        functions: null,
        backend: 'auto',
        ringBufferBytes,
      };
      return trace(request);
    };
    /** Counts from now until it is asked. */
    const counter = async () => {
      await sh('rm -f /tmp/counter.in /tmp/counter.out; mkfifo /tmp/counter.in');
      const done = guest().exec('perl /tmp/counter.pl < /tmp/counter.in > /tmp/counter.out', {
        timeoutMs: 300_000,
      });
      const held = guest().exec(
        'exec 3> /tmp/counter.in; until test -e /tmp/counter.stop; do sleep 0.1; done',
        {
          timeoutMs: 300_000,
        },
      );
      await sh('for i in $(seq 300); do grep -q held /tmp/counter.out && exit; sleep 0.1; done; exit 1');
      return async (): Promise<number> => {
        await sh('touch /tmp/counter.stop');
        await held;
        const { code, stderr } = await done;
        assert.equal(code, 0, stderr);
        return Number((await sh('tail -n 1 /tmp/counter.out; rm /tmp/counter.stop')).trim());
      };
    };
    const send = async (count: number) => {
      const { code, stderr } = await guest().exec('perl -', { input: sender(count), timeoutMs: 300_000 });
      assert.equal(code, 0, stderr);
    };
    /** What the kernel passed over, by its own counters: of the agent's programs, and of the kprobes that run them. */
    const passedOver = async () => {
      const programs = await sh(
        `cat /proc/$(pgrep -f 'agent[.]cjs serve' | tail -n 1)/fdinfo/* 2> /dev/null | awk '/^prog_id/ { id = $2 }
          /^recursion_misses/ { misses[id] = $2 } END { for (id in misses) sum += misses[id]; print sum + 0 }'`,
      );
      const probes = await sh(`awk '{ sum += $3 } END { print sum + 0 }' /sys/kernel/tracing/kprobe_profile`);
      return Number(programs) + Number(probes);
    };

    test('what matched is delivered or counted as lost, exactly', { timeout: 400_000 }, async (context) => {
      const { client } = await start(SMALL_RING_BYTES);
      const count = await counter();
      await send(5000);
      const missed = await passedOver();
      client.send({ type: 'stop' });
      const end = await client.message('end');
      const told = await count();
      context.diagnostic(
        `${kernel}: ${told} hits matched: ${end.events} delivered, ${end.lost} lost; ${end.missed} passed over by the kernel`,
      );
      assert.ok(end.lost > 0, 'nothing was lost: it was no overload');
      assert.equal(client.events.length, end.events);
      assert.equal(end.events + end.lost, told);
      assert.equal(end.missed, missed);
      // Each CPU's events told as much as the agent counted until the last that was delivered.
      const toldOnWire = [0, 1].map((cpu) =>
        client.events.reduce(
          (most, event) => (event.cpu === cpu ? Math.max(most, event.lost ?? 0) : most),
          0,
        ),
      );
      assert.ok(toldOnWire.reduce((sum, lost) => sum + lost, 0) <= end.lost);
    });

    test(
      'packets beyond the number of lives are told, and counted',
      { timeout: 400_000 },
      async (context) => {
        await sh('modprobe sch_netem && tc qdisc add dev lo root netem delay 3600s limit 1000000');
        try {
          const { client } = await start(64 * 1024 * 1024);
          const count = await counter();
          await send(HELD_PACKETS);
          client.send({ type: 'stop' });
          const end = await client.message('end', 120_000);
          const told = await count();
          const alone = client.events.filter(({ life }) => life === 0).length;
          context.diagnostic(
            `${kernel}: ${HELD_PACKETS} packets held: ${told} hits matched: ${end.events} delivered (${alone} of packets ` +
              `that could not be followed), ${end.lost} lost, ${end.untracked} untracked`,
          );
          assert.ok(alone > 0, 'every packet could be followed');
          assert.equal(end.events + end.lost, told);
          assert.equal(end.lost, 0);
          assert.equal(alone, end.untracked);
        } finally {
          await guest().exec('tc qdisc del dev lo root');
        }
      },
    );
  });

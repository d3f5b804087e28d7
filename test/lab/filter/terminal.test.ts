/** Filters from the terminal: matching by a target's kernel, changed while tracing, inside of tunnels. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pcapFile } from '../../support/packets/capture-file.ts';
import { craftedPackets } from '../../support/packets/packets.ts';
import type { KernelName } from '../guests/guest.ts';
import { kernelsPlayed } from '../kernels-played.ts';
import { guestAndHome, targetArgs } from '../terminal/packet-trace.ts';

const KERNELS: KernelName[] = ['6.12', '6.1'];

/** Bad ones among them. */
const FILTERS = [
  'tcp port 80',
  'udp',
  'not ip',
  'len > 1000',
  'udp port',
  'vlan 100',
  'icmp or arp',
  'ip[6:2] & 0x1fff != 0',
  'arp',
];

interface Event {
  type: string;
  filter: number;
  generation: number;
  tuple: { destination: string; protocol: string } | null;
}

for (const kernel of kernelsPlayed(KERNELS))
  describe(`filters in the terminal, target ${kernel}`, () => {
    const { guest, home } = guestAndHome({ kernel, userland: 'node' });

    test('the kernel of a target finds the packets that the interpreter finds', async (context) => {
      const pcap = join(home().dir, 'file.pcap');
      const packets = craftedPackets().map(({ frame, missing }) => ({
        data: frame,
        length: frame.length + missing,
      }));
      writeFileSync(pcap, pcapFile(1, packets));
      const args = ['filter', 'match', '--pcap', pcap];
      const [address = '', ...identity] = targetArgs(guest());
      const here = await home().run([...args, '-'], FILTERS.join('\n'));
      assert.equal(here.code, 0, here.stderr);
      assert.equal(here.stdout.trimEnd().split('\n').length, FILTERS.length);
      const there = await home().run([...args, '--target', address, ...identity, '-'], FILTERS.join('\n'));
      assert.equal(there.code, 0, there.stderr);
      assert.equal(there.stdout, here.stdout);
      context.diagnostic(`${FILTERS.length} filters, ${packets.length} packets`);
    });

    test('commands change the filter of a running trace', async () => {
      const trace = home().start(['trace', ...targetArgs(guest()), '--json', '--filter-commands', 'icmp']);
      await trace.attached();
      const events = () => (trace.objects as unknown as Event[]).filter(({ type }) => type === 'event');
      const kept = (generation: number) => events().filter(({ filter }) => filter === generation);
      await guest().exec('ping -c 1 -W 1 127.0.0.1');
      await trace.until('events of the first filter', () => kept(0).length > 0);
      trace.child.stdin.write('filter udp dst port 7777\n');
      await trace.until('the second filter', () => trace.stdout.includes('"generation":1'));
      trace.child.stdin.write('filter nonsense of mine\n');
      await trace.until('the refusal', () => trace.stdout.includes('"refused"'));
      await guest().exec('ping -c 1 -W 1 127.0.0.1; echo x | nc -u -w 1 127.0.0.1 7777');
      await trace.until('events of the second filter', () => kept(1).length > 0);
      const { code, stderr } = await trace.interrupt();
      assert.equal(code, 0, stderr);
      // A copy has no headers yet where it is made.
      const protocols = (generation: number) => [
        ...new Set(kept(generation).flatMap(({ tuple }) => tuple?.protocol ?? [])),
      ];
      assert.deepEqual([protocols(0), protocols(1)], [['icmp'], ['udp']]);
    });

    test('a filter inside of a tunnel keeps only packets that carry a match', async () => {
      const { code, stderr } = await guest().exec(
        'modprobe ipip; ip netns add inner && ip link add t0 type veth peer name t1 netns inner && ' +
          'ip addr add 10.9.0.1/24 dev t0 && ip link set t0 up && ' +
          'ip -n inner addr add 10.9.0.2/24 dev t1 && ip -n inner link set t1 up && ' +
          'ip tunnel add tun9 mode ipip local 10.9.0.1 remote 10.9.0.2 && ip addr add 10.8.0.1/24 dev tun9 && ip link set tun9 up',
      );
      assert.equal(code, 0, stderr);
      const inside = ['--filter-tunnel-pcap-l3', 'udp dst port 7001'];
      const trace = home().start(['trace', ...targetArgs(guest()), '--json', ...inside, 'ip proto 4']);
      await trace.attached();
      const send = (port: number) => guest().exec(`echo x | nc -u -w 1 10.8.0.2 ${port}`);
      const seesEvents = () => trace.stdout.includes('"type":"event"');
      await send(7002);
      assert.equal(seesEvents(), false, 'a packet that carries another port');
      await send(7001);
      await trace.until('events', seesEvents);
      const ended = await trace.interrupt();
      assert.equal(ended.code, 0, ended.stderr);
      const seen = (trace.objects as unknown as Event[]).filter(({ type }) => type === 'event');
      assert.ok(
        seen.every(({ tuple }) => tuple?.destination === '10.9.0.2'),
        JSON.stringify(seen[0]),
      );

      const refused = await home().run([
        'trace',
        ...targetArgs(guest()),
        '--filter-tunnel-pcap-l3',
        'udp port',
        'tcp',
      ]);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, /--filter-tunnel-pcap-l3.*"udp port" is refused/);
    });
  });

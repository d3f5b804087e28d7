/** Links that stall: whatever the network does short of ending the connection, all is delivered or counted. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { End } from '../../../common/protocol.ts';
import type { AgentClient } from './client.ts';
import { agentSuite, ALL_ICMP } from './suite.ts';

/** Of the bad link; then it is as before. What is asked of the guest meanwhile takes this link too. */
const BAD_SECONDS = 40;
/** What a slow link has to carry at the end: at 64 kbit/s half a minute. */
const RING_BYTES = 256 * 1024;

/** Packets in both directions come late, or not at all: 2 s and 28 % of round trips. */
const LOSSY = `
  modprobe ifb numifbs=1 && ip link set ifb0 up
  tc qdisc add dev eth0 root netem delay 1s loss 15% limit 100000
  tc qdisc add dev eth0 ingress
  tc filter add dev eth0 ingress matchall action mirred egress redirect dev ifb0
  tc qdisc add dev ifb0 root netem delay 1s loss 15% limit 100000`;
const SLOW = 'tc qdisc add dev eth0 root tbf rate 64kbit burst 4kb latency 1s';
const GOOD = 'tc qdisc del dev eth0 root; tc qdisc del dev eth0 ingress; true';

describe('links on 6.12', () => {
  const { guest, trace, sh } = agentSuite('6.12');

  /** Makes the link bad from one second on; the guest itself mends it. */
  const spoil = (how: string, seconds: number) =>
    sh(`(sleep 1; ${how}; sleep ${seconds}; ${GOOD}) > /tmp/link.log 2>&1 < /dev/null &`);

  async function stops(client: AgentClient, context: TestContext): Promise<End> {
    client.send({ type: 'stop' });
    const end = await client.message('end', 300_000);
    const { events, lost, missed } = end;
    context.diagnostic(`${events} events delivered, ${lost} lost, ${missed} passed over by the kernel`);
    assert.equal(events, client.events.length);
    assert.equal(end.why, 'stop');
    return end;
  }

  test(
    '2 s of delay and 28 % loss: nothing ends, all is delivered',
    { timeout: 300_000 },
    async (context) => {
      const { client } = await trace({ ...ALL_ICMP, functions: 'ip_rcv|ip_output|icmp_rcv' });
      await sh('(sleep 5; ping -q -i 0.05 -c 200 127.0.0.1) > /tmp/ping.log 2>&1 < /dev/null &');
      await spoil(LOSSY, BAD_SECONDS);
      const { code, stdout } = await guest().exec(`sleep ${BAD_SECONDS}; cat /tmp/link.log /tmp/ping.log`, {
        timeoutMs: 200_000,
      });
      assert.equal(code, 0);
      assert.match(stdout, /200 packets transmitted/, stdout);
      const end = await stops(client, context);
      assert.equal(end.lost, 0);
      assert.ok(end.events >= 200 * 6, 'a request and its answer pass three functions each');
    },
  );

  test('64 kbit/s and a full ring buffer at the stop', { timeout: 300_000 }, async (context) => {
    const { client } = await trace({ ...ALL_ICMP, ringBufferBytes: RING_BYTES });
    await spoil(SLOW, 120);
    await sh('sleep 2; ping -q -f -c 1000 127.0.0.1');
    const end = await stops(client, context);
    assert.ok(end.lost > 0, 'the ring buffer was full');
    await guest().exec(GOOD, { timeoutMs: 200_000 });
  });
});

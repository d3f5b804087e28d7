/** Types of the kernel from a file, in place of what the kernel tells, also where it tells none. */
import assert from 'node:assert/strict';
import { ALL_ICMP, functionNames, GATEWAY, type agentSuite } from './suite.ts';

const OWN = '/tmp/own.btf';
const CUT = '/tmp/cut.btf';
const KERNELS = '/sys/kernel/btf';

export async function assertKernelBtf({
  trace,
  sh,
}: Pick<ReturnType<typeof agentSuite>, 'trace' | 'sh'>): Promise<void> {
  const request = { ...ALL_ICMP, functions: 'ip_output|icmp_rcv' };
  const refuses = async (kernelBtf: string | undefined, message: RegExp) =>
    assert.rejects(trace({ ...request, ...(kernelBtf !== undefined && { kernelBtf }) }), message);
  await sh(`cp ${KERNELS}/vmlinux ${OWN} && head -c 100000 ${OWN} > ${CUT}`);
  await refuses(CUT, /no-btf.*The types in \/tmp\/cut\.btf cannot be used: .*BTF is cut short.*--kernel-btf/);
  await refuses('/tmp/none.btf', /The types in \/tmp\/none\.btf cannot be used: .*no such file/);
  await refuses('/proc/version', /The types in \/proc\/version cannot be used: it is no BTF/);

  const pings = async () => {
    const { client, attached } = await trace({
      ...request,
      kernelBtf: OWN,
      conditions: { skbExpression: 'skb->len > 0' },
    });
    await sh(`ping -q -c 1 ${GATEWAY}`);
    client.send({ type: 'stop' });
    await client.message('end');
    const tuples = new Set(client.events.map(({ tuple }) => tuple));
    assert.ok(
      [...tuples].some((tuple) => tuple?.includes(GATEWAY)),
      JSON.stringify([...tuples]),
    );
    assert.ok(client.events.some(({ comm }) => comm === 'ping'));
    const seen = functionNames(attached, client.events);
    for (const name of ['ip_output', 'icmp_rcv']) assert.ok(seen.includes(name), seen.join(' '));
  };
  await pings();

  await sh(`mkdir /tmp/nothing && mount --bind /tmp/nothing ${KERNELS}`);
  try {
    await refuses(undefined, /no-btf/);
    await pings();
  } finally {
    await sh(`umount ${KERNELS} && rmdir /tmp/nothing`);
  }
}

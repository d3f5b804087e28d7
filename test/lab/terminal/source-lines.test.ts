/**
 * Lines of drops in a real kernel: what the terminal says with the debug information of just that kernel, against
 * what elfutils says of the same places; and without it.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { KernelDebug } from '../../../build/packages/kernel-debug.ts';
import { kernelSource } from '../../../build/packages/kernel-source.ts';
import { run } from '../../../build/run.ts';
import { define, LANDMARKS, writeTree } from '../../support/source/source-tree.ts';
import { callBefore, debugFile, type Frame, labDebug, NO_DEBUG_PACKAGE } from './elfutils-frames.ts';
import { bootGuest, type Guest } from '../guests/guest.ts';
import { Home, targetArgs } from './packet-trace.ts';
import { stopGuest } from '../guests/stop.ts';

/** `place` of docs/json.md, of a drop. */
interface DropPlace {
  function: string;
  module: string;
  offset: number;
  source: { file: string; line: number; exact: boolean; frames: Frame[] | null } | null;
}

/** Makes packets that end in each of these, in the kernel and in modules, which are loaded for it. */
const DROPS = {
  __udp4_lib_rcv: 'echo hello | nc -u -w 1 127.0.0.1 9',
  tcp_v4_rcv: 'curl --silent --max-time 1 127.0.0.1:81',
  nf_hook_slow: 'curl --silent --max-time 1 1.1.1.1',
  wg_xmit:
    'ip link add wg0 type wireguard && ip address add 10.9.0.1/24 dev wg0 && ip link set wg0 up && ' +
    'ping -c 1 -W 1 10.9.0.2', // which is no peer
  vxlan_xmit:
    'ip link add vx0 type vxlan id 7 dstport 4789 && ip address add 10.8.0.1/24 dev vx0 && ' +
    'ip link set vx0 up && ip neighbour add 10.8.0.2 lladdr 02:00:00:00:00:02 dev vx0 && ' +
    'ping -c 1 -W 1 10.8.0.2', // of which no other end has told
  // What drops them is inlined.
  __netif_receive_skb_core: byTc('ingress'),
  __dev_queue_xmit: byTc('egress'),
};

function byTc(direction: string): string {
  return (
    `tc qdisc add dev lo clsact && tc filter add dev lo ${direction} protocol ip matchall action drop && ` +
    '{ ping -c 1 -W 1 127.0.0.9; tc qdisc del dev lo clsact; }'
  );
}

const SETUP = 'iptables -t filter -I OUTPUT 1 -m tcp --proto tcp --dst 1.1.1.1/32 -j DROP';

describe('source lines of drops', { timeout: 12 * 60 * 1000 }, () => {
  let guest: Guest;
  let home: Home;
  let source: string;
  /** Undefined: the mirror no longer has it. */
  let debug: KernelDebug | undefined;
  const log = (line: string) => console.log(line);

  before(async () => {
    [guest, source, debug] = await Promise.all([
      bootGuest({ kernel: '6.1', userland: 'node' }),
      kernelSource('6.1', log),
      labDebug(log),
    ]);
    home = new Home(guest);
    const { code, stderr } = await guest.exec(SETUP);
    assert.equal(code, 0, stderr);
  });
  after(async () => {
    await home.dispose();
    await stopGuest(guest);
  });

  /** Traces only what frees packets: drops come with their place all the same. */
  async function traceDrops(functions: readonly (keyof typeof DROPS)[], args: string[], path?: string) {
    const trace = home.start(
      ['trace', ...targetArgs(guest), '--json', '--filter-func', 'kfree_skb_reason', ...args, 'not port 22'],
      path,
    );
    const places = () =>
      trace.objects.filter(
        ({ type, offset }) => type === 'place' && offset !== null,
      ) as unknown as DropPlace[];
    await trace.attached();
    await guest.exec(functions.map((name) => DROPS[name]).join('; '));
    // The compiler's copies of a function (.constprop.0) are that function.
    const seen = (name: string) => places().some((place) => place.function.replace(/\..*/, '') === name);
    await trace.until('drops in each function', () => functions.every(seen));
    const { code, stderr } = await trace.interrupt();
    assert.equal(code, 0, stderr);
    return { places: places(), stderr };
  }

  test('are what elfutils says, inlined functions and modules loaded meanwhile included, without a tool at hand', async (t) => {
    if (debug === undefined) return t.skip(NO_DEBUG_PACKAGE);
    assert.equal(debug.release, guest.release);
    const all = Object.keys(DROPS) as (keyof typeof DROPS)[];
    const args = ['--checkout', source, '--debug-info', debug.root];
    const { places, stderr } = await traceDrops(all, args, '/nonexistent');
    for (const place of places) {
      const where = `${place.function}+0x${place.offset.toString(16)}`;
      const frames = await callBefore(debug, place);
      assert.deepEqual(place.source?.frames, frames, where);
      const { file, line, exact } = place.source;
      assert.ok(exact);
      const text = readFileSync(join(source, file), 'utf8').split('\n')[line - 1] ?? '';
      t.diagnostic(
        `${where}: ${file}:${line} ${text.trim()} < ${frames.map((each) => each.function).join(' < ')}`,
      );
      assert.match(text, /kfree_skb/, `${file}:${line} drops a packet`);
      assert.ok(frames.some((frame) => frame.file === file && frame.line === line));
    }
    const inlined = places.filter(({ source: found }) => (found?.frames?.length ?? 0) > 1);
    assert.ok(inlined.length > 0, 'a drop in a function that was inlined');
    // The tree is of the kernel's own version as long as Debian's suite has them so.
    const { stdout } = await guest.exec('uname -v');
    const isSource = basename(source).endsWith(`-${/Debian (\S+)/.exec(stdout)?.[1]}`);
    assert.equal(stderr.includes('warning: The checkout is Linux'), !isSource, stderr);
  });

  test('of another build are refused: the definition is told, and why', async (t) => {
    if (debug === undefined) return t.skip(NO_DEBUG_PACKAGE);
    const other = await writeTree({
      ...LANDMARKS,
      Makefile: 'VERSION = 5\nPATCHLEVEL = 4\nSUBLEVEL = 1\n',
      'net/netfilter/core.c': `${define('nf_hook')}${define('nf_hook_slow')}`,
    });
    t.after(() => rm(other, { recursive: true }));
    // A file with lines, of something that the target does not run as its kernel.
    mkdirSync(join(home.dir, 'debug'));
    const vmlinux = join(home.dir, 'debug/vmlinux');
    copyFileSync(debugFile(debug, 'wireguard'), vmlinux);
    const { places, stderr } = await traceDrops(
      ['nf_hook_slow'],
      ['--checkout', other, '--debug-info', vmlinux],
    );
    const [place] = places.filter(({ function: name }) => name === 'nf_hook_slow');
    assert.deepEqual(place?.source, { file: 'net/netfilter/core.c', line: 7, exact: false, frames: null });
    const notes = /Build ID: ([\da-f]+)/;
    const found = notes.exec(await run('readelf', ['--notes', vmlinux]))?.[1];
    const running = notes.exec(await run('readelf', ['--notes', debugFile(debug, '')]))?.[1];
    const reason = `${vmlinux} is of another build than the target runs (build id ${found}, the target's is ${running})`;
    assert.ok(stderr.includes(`not at their line. ${reason}`), stderr);
    const { stdout } = await guest.exec('uname -v');
    const version = /Debian ([\d.]+)/.exec(stdout)?.[1];
    assert.ok(
      stderr.includes(`The checkout is Linux 5.4.1, the target runs ${version} (${guest.release})`),
      stderr,
    );
  });
});

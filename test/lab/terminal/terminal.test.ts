/** The terminal front end against real kernels: the scenario of the slides that introduced pwru. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { repoRoot } from '../../../build/paths.ts';
import { run } from '../../../build/run.ts';
import { SkipReason } from '../../../remote-agent/plan/policy.ts';
import { differences, readJsonDocs } from '../../support/json-docs.ts';
import { bootGuest, type Guest, type KernelName, type Userland } from '../guests/guest.ts';
import { kernelsPlayed } from '../kernels-played.ts';
import { Home, START_LIMIT_MS, targetArgs } from './packet-trace.ts';
import { armedProbes } from './probes.ts';
import { stopGuest } from '../guests/stop.ts';

const DROP = 'iptables -t filter -I OUTPUT 1 -m tcp --proto tcp --dst 1.1.1.1/32 -j DROP';
const CURL = 'curl -s -m 2 1.1.1.1';
const FILTER = 'dst host 1.1.1.1 and tcp and dst port 80';

/** Newest first; on 6.1 the drop function still has its old name. */
const TARGETS: { kernel: KernelName; userland: Userland; backend: string; dropFunction: string }[] = [
  { kernel: '6.12', userland: 'node', backend: 'kprobe-multi', dropFunction: 'sk_skb_reason_drop' },
  { kernel: '6.12', userland: 'bare', backend: 'kprobe-multi', dropFunction: 'sk_skb_reason_drop' },
  { kernel: '6.1', userland: 'node', backend: 'kprobe', dropFunction: 'kfree_skb_reason' },
  { kernel: '6.1', userland: 'bare', backend: 'kprobe', dropFunction: 'kfree_skb_reason' },
];

interface TraceEvent {
  trajectory: number;
  kind: 'function' | 'drop';
  function: string;
  module: string | null;
  reason: string | null;
  comm: string;
  tuple: { destination: string; destinationPort: number } | null;
}

/** The wanted names are in the list, in this order, others between them or not. */
function assertInOrder(actual: readonly string[], wanted: readonly string[]): void {
  let at = 0;
  for (const name of actual) if (name === wanted[at]) at++;
  assert.equal(at, wanted.length, `${wanted[at]} is missing in ${actual.join(' ')}`);
}

for (const { kernel, userland, backend, dropFunction } of kernelsPlayed(TARGETS)) {
  describe(`packet-trace on ${kernel} (${userland})`, () => {
    let guest: Guest;
    let home: Home;
    const origin = userland === 'node' ? 'path' : 'uploaded';
    const path = ['ip_local_out', '__ip_local_out', 'nf_hook_slow', dropFunction, 'kfree_skbmem'];

    before(async () => {
      guest = await bootGuest({ kernel, userland });
      home = new Home(guest);
      const { code, stderr } = await guest.exec(DROP);
      assert.equal(code, 0, stderr);
    });
    after(async () => {
      await home.dispose();
      await stopGuest(guest);
    });

    test('prints the path of a dropped packet as root, and leaves no probe', async () => {
      const trace = home.start(['trace', ...targetArgs(guest), FILTER]);
      await trace.attached();
      assert.ok((await armedProbes(guest)) > 0);
      await guest.exec(CURL);
      await trace.until('the end of the packet', () => trace.stdout.includes(' kfree_skbmem\n'));
      const { code, stdout, stderr } = await trace.interrupt();
      assert.equal(code, 0, stderr);
      const [header = '', ...lines] = stdout.trimEnd().split('\n');
      const functions = lines.map((line) => line.slice(header.indexOf('FUNC')).trim());
      assertInOrder(
        functions,
        path.map((name) => (name === dropFunction ? `${name}(NETFILTER_DROP)` : name)),
      );
      // What TCP keeps to send it again has no headers.
      for (const line of lines) assert.doesNotMatch(line, /->(?!1\.1\.1\.1:80\(tcp\))/);
      const drop = lines.find((line) => line.includes('(NETFILTER_DROP)'));
      assert.match(drop ?? '', /->1\.1\.1\.1:80\(tcp\)/);
      assert.match(stderr, /\d dropped \(NETFILTER_DROP \d+\).* 0 lost/);
      assert.match(stderr, new RegExp(`functions by ${backend}, `));
      assert.equal(await armedProbes(guest), 0);
    });

    test('prints documented JSON through sudo, and uploads nothing the second time', async () => {
      const trace = home.start(['trace', ...targetArgs(guest, 'admin'), '--json', FILTER]);
      await trace.attached();
      await guest.exec(CURL);
      await trace.until('the drop', () => trace.stdout.includes('NETFILTER_DROP'));
      const { code, stderr } = await trace.interrupt();
      assert.equal(code, 0, stderr);
      const documented = readJsonDocs();
      assert.deepEqual(
        trace.objects.flatMap((object) => differences(object, documented)),
        [],
      );
      const byType = (type: string) => trace.objects.filter((object) => object.type === type);
      const [target] = byType('target');
      assert.deepEqual([target?.privilege, target?.kernel], ['sudo', guest.release]);
      assert.equal((target?.node as { origin: string }).origin, origin);
      assert.equal(byType('attached')[0]?.backend, backend);
      const events = byType('event') as unknown as TraceEvent[];
      const drop = events.find(({ kind }) => kind === 'drop');
      assert.equal(drop?.reason, 'NETFILTER_DROP');
      // Since 6.9 nftables drops where its chain says so, not in the hook that called it.
      assert.equal(drop.function, kernel === '6.1' ? 'nf_hook_slow' : 'nft_do_chain');
      const life = events.filter(({ trajectory }) => trajectory === drop.trajectory);
      assertInOrder(
        life.map((event) => event.function),
        path,
      );
      assert.equal(life[0]?.comm, 'curl');
      const [end] = byType('end');
      assert.deepEqual([end?.why, end?.lost, end?.events], ['stopped', 0, events.length]);

      const check = await home.run(['check', ...targetArgs(guest, 'admin'), '--json']);
      assert.equal(check.code, 0, check.stderr);
      const report = JSON.parse(check.stdout) as Record<string, unknown>;
      assert.deepEqual(differences(report, documented), []);
      assert.equal(report.uploadedBytes, 0);
    });

    if (userland === 'node')
      test('chooses packets by device, mark and an expression, in the words of pwru', async () => {
        const conditions = ['--filter-ifname', 'lo', '--filter-mark', '0/0xff'];
        const wrong = await home.run([
          'trace',
          ...targetArgs(guest),
          '--filter-skb-expr',
          'skb->dev->ifidex == 1',
        ]);
        assert.notEqual(wrong.code, 0);
        assert.match(wrong.stderr, /struct net_device has no member "ifidex"/);
        assert.match(wrong.stderr, /^ {2}skb->dev->ifidex == 1\n {12}\^~~~~~\n.*Did you mean "ifindex"\?$/m);
        const trace = home.start([
          'trace',
          ...targetArgs(guest),
          ...conditions,
          '--filter-skb-expr',
          'skb->dev->ifindex == 1',
          'icmp',
        ]);
        await trace.attached();
        await guest.exec('ping -W 1 -c 1 10.0.2.2; ping -W 1 -c 1 -m 1 127.0.0.2; ping -W 1 -c 1 127.0.0.1');
        await trace.until('the ping', () => trace.stdout.includes('icmp_rcv'));
        const { code, stdout, stderr } = await trace.interrupt();
        assert.equal(code, 0, stderr);
        assert.match(stdout, /127\.0\.0\.1:0->127\.0\.0\.1:0\(icmp\)/);
        // The answer to the marked ping has no mark.
        assert.doesNotMatch(stdout, /10\.0\.2\.2|->127\.0\.0\.2/);
      });

    if (kernel === '6.12' && userland === 'node') {
      test('names the functions that pwru names, in its order, for the same kind of packet', async (t) => {
        const pwru = await pwruFunctions(guest);
        const ours = await ourFunctions(guest, home);
        t.diagnostic(`pwru:         ${pwru.join(' ')}`);
        t.diagnostic(`packet-trace: ${ours.map(({ function: name }) => name).join(' ')}`);
        // pwru leaves out modules unless asked, and then const skbs.
        const core = ours.filter(({ kind, module }) => kind === 'function' && module === '');
        assert.deepEqual(
          core.map((event) => event.function),
          pwru,
        );
        assert.equal(ours.find(({ kind }) => kind === 'drop')?.reason, 'NETFILTER_DROP');
      });

      test('lists every function that pwru attaches to, and more', async (t) => {
        const attached = await pwruAttaches(guest);
        const pwrus = attached.split('\n').flatMap((line) => /^\S+/.exec(line) ?? []);
        assert.ok(pwrus.length > 1000, attached);
        const { code, stdout, stderr } = await home.run(['functions', ...targetArgs(guest), '--json']);
        assert.equal(code, 0, stderr);
        const objects = stdout
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, unknown>);
        const documented = readJsonDocs();
        assert.deepEqual(
          objects.flatMap((object) => differences(object, documented)),
          [],
        );
        const ours = objects.filter(({ type, reason }) => type === 'function' && reason === null);
        const names = new Set(ours.map((each) => String(each.function)));
        // What calls the programs of a tracepoint is no step of a packet; that is told.
        const ofTracepoints = objects.flatMap((each) =>
          each.type === 'function' && each.reason === SkipReason.Tracing ? [String(each.function)] : [],
        );
        assert.deepEqual(
          pwrus.filter((name) => !names.has(name) && !ofTracepoints.includes(name)),
          [],
        );
        const more = [...names].filter((name) => !pwrus.includes(name));
        const ofModules = ours.filter(({ module }) => module !== null);
        t.diagnostic(`pwru ${pwrus.length}, we ${names.size}; ${ofModules.length} in modules`);
        assert.ok(ofModules.length > 0, 'none in a module');
        assert.ok(
          more.some((name) => /\.(isra|constprop)\./.test(name)),
          'none that the compiler changed',
        );
        assert.ok(more.includes('skb_checksum'), 'none with a const packet');
        assert.equal(await armedProbes(guest), 0);
      });

      test('counts calls until Ctrl-C', async () => {
        const args = ['--filter-func', 'icmp_rcv|icmp_send', '--count', '--seconds', '600'];
        const counting = home.start(['functions', ...targetArgs(guest), ...args]);
        await counting.until('the counting', () => counting.stderr.includes('Counting'), START_LIMIT_MS);
        await guest.exec('ping -q -i 0.05 -c 40 127.0.0.1');
        const { code, stdout } = await counting.interrupt();
        assert.equal(code, 0);
        assert.match(
          stdout,
          /^ +80 {2}icmp_rcv +argument 1\n1 of \d functions? .* called within [\d.]+ s\.$/m,
        );
        assert.equal(await armedProbes(guest), 0);
      });

      test('traces the machine that it runs on', async () => {
        const built = [
          'packet-trace.cjs',
          'filter-worker.cjs',
          'libpcap.wasm',
          'netbase.json',
          'agent',
          'node/manifest.json',
        ];
        const files = ['package.json', ...built.map((file) => `dist/${file}`)];
        const packed = await run('sh', ['-c', 'tar -cz "$@" | base64', 'sh', ...files], { cwd: repoRoot });
        const unpack = await guest.exec('mkdir /root/kpt && base64 -d | tar -xz -C /root/kpt', {
          input: packed,
        });
        assert.equal(unpack.code, 0, unpack.stderr);
        const trace =
          'node /root/kpt/dist/packet-trace.cjs trace local --ready-file /root/ready --output-limit-lines 8';
        const { code, stdout, stderr } = await guest.exec(
          `(for i in $(seq 600); do test -e /root/ready && break; sleep 0.2; done; ${CURL}) & ${trace} '${FILTER}'`,
          { timeoutMs: START_LIMIT_MS },
        );
        assert.equal(code, 0, stderr);
        assert.match(stdout, / ip_local_out\n/);
        assert.match(stdout, /\(NETFILTER_DROP\)\n/);
      });

      test('a recording prints as its trace did; of one that was killed all that was written', async () => {
        const file = join(home.dir, 'one.kpt.arrow');
        const trace = home.start(['trace', ...targetArgs(guest), '--output-recording', file, FILTER]);
        await trace.attached();
        await guest.exec(CURL);
        await trace.until('the end of the packet', () => trace.stdout.includes(' kfree_skbmem\n'));
        const ended = await trace.interrupt();
        assert.equal(ended.code, 0, ended.stderr);
        const shown = await home.run(['show', file]);
        assert.equal(shown.code, 0, shown.stderr);
        assert.equal(shown.stdout, ended.stdout);
        assert.equal(shown.stderr.trimEnd().split('\n').at(-1), ended.stderr.trimEnd().split('\n').at(-1));

        const cut = join(home.dir, 'two.kpt.arrow');
        const killed = home.start([
          'trace',
          ...targetArgs(guest),
          '--json',
          '--output-recording',
          cut,
          FILTER,
        ]);
        await killed.attached();
        await guest.exec(CURL);
        const events = (text: string) =>
          text.split('\n').filter((line) => line.startsWith('{"type":"event"'));
        await killed.until('the end of the packet', () => killed.stdout.includes('"kfree_skbmem"'));
        await sleep(3000); // a second is what may be missing
        killed.kill('SIGKILL');
        await killed.ended;
        const rest = await home.run(['show', cut, '--json']);
        assert.equal(rest.code, 0, rest.stderr);
        assert.match(rest.stderr, /cut off/);
        assert.deepEqual(events(rest.stdout), events(killed.stdout));
      });

      test('stops after as many lines as asked for', async () => {
        const trace = home.start(['trace', ...targetArgs(guest), '--output-limit-lines', '3', FILTER]);
        await trace.attached();
        await guest.exec(CURL);
        const { code, stdout } = await trace.end();
        assert.equal(code, 0);
        assert.equal(stdout.trimEnd().split('\n').length, 1 + 3);
        assert.equal(await armedProbes(guest), 0);
      });

      test('a reader that has enough ends the trace', async () => {
        const ended = await piped(home, guest, ['trace', ...targetArgs(guest), FILTER], 'head -n 2');
        assert.deepEqual(ended.codes, [0, 0], ended.stderr);
        assert.match(ended.stdout, /^SKB .*\n0x.* ip_local_out\n$/);
        assert.match(ended.stderr, /Tracing .*\n.* packets?: /s);
        assert.doesNotMatch(ended.stderr, /EPIPE|\n\s+at /);
        assert.equal(await armedProbes(guest), 0);
      });

      test('a reader that begins late gets whole lines, and every event is one or is counted', async () => {
        const args = ['trace', ...targetArgs(guest), '--json', FILTER];
        const ended = await piped(home, guest, args, 'sh -c "sleep 5; cat"');
        assert.deepEqual(ended.codes, [0, 0], ended.stderr);
        const objects = ended.stdout
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, unknown>);
        const end = objects.at(-1);
        const printed = objects.filter(({ type }) => type === 'event').length;
        assert.ok(end?.type === 'end' && printed > 0);
        assert.equal(printed + Number(end.skipped), end.events);
      });
    }

    if (kernel === '6.1' && userland === 'bare') {
      test('asks on the terminal for the password that sudo wants', async () => {
        const screen = await checkOnTerminal(home, guest);
        assert.match(screen, /can be traced.*as sudoer \(sudo-password\)/);
        assert.ok(!screen.includes(guest.passwords.sudoer), 'the password is on the screen');
      });
    }
  });
}

/** What ftrace calls out of while pwru runs, a line each that begins with its name. */
async function pwruAttaches(guest: Guest): Promise<string> {
  const script = `
    rm -f /tmp/ready
    pwru --ready-file /tmp/ready '${FILTER}' > /dev/null 2>&1 &
    for i in $(seq 600); do test -e /tmp/ready && break; sleep 0.1; done
    cat /sys/kernel/tracing/enabled_functions
    kill -INT $!; wait`;
  return (await guest.exec(script, { timeoutMs: START_LIMIT_MS })).stdout;
}

/** What pwru prints for the SYN of one curl. */
async function pwruFunctions(guest: Guest): Promise<string[]> {
  const script = `
    rm -f /tmp/ready
    pwru --ready-file /tmp/ready --output-tuple '${FILTER}' > /tmp/pwru.out 2> /tmp/pwru.err &
    for i in $(seq 600); do test -e /tmp/ready && break; sleep 0.1; done
    ${CURL}
    sleep 1
    kill -INT $!; wait
    cat /tmp/pwru.out`;
  const { stdout } = await guest.exec(script, { timeoutMs: START_LIMIT_MS });
  const names = [...stdout.matchAll(/^0x\S+ +\d+ +\[.*?\] +(\S+)/gm)].map(([, name]) => name ?? '');
  assert.ok(names.length > 0, `pwru printed: ${stdout}`);
  return names.slice(0, names.indexOf('kfree_skbmem') + 1);
}

async function ourFunctions(guest: Guest, home: Home): Promise<TraceEvent[]> {
  const trace = home.start(['trace', ...targetArgs(guest), '--json', FILTER]);
  await trace.attached();
  await guest.exec(CURL);
  await trace.until('the end of the packet', () => trace.stdout.includes('kfree_skbmem'));
  await trace.interrupt();
  const events = trace.objects.filter(({ type }) => type === 'event') as unknown as TraceEvent[];
  return events.filter(({ trajectory }) => trajectory === events[0]?.trajectory);
}

/** Runs a trace into a reader, with a curl on the target once it is attached, and ends it a while after that. */
async function piped(
  home: Home,
  guest: Guest,
  args: string[],
  reader: string,
): Promise<{ codes: number[]; stdout: string; stderr: string }> {
  const ready = join(home.dir, 'ready');
  const command = args.map((arg) => `'${arg}'`);
  const trace = home.command([...command, '--ready-file', ready]);
  // The trace's process is bash's child, which ends it with a SIGINT unless its reader has done so.
  const script = `(echo $BASHPID > ${ready}.pid; exec ${trace}) | ${reader}; echo "\${PIPESTATUS[@]}" >&2`;
  const child = spawn('bash', ['-c', script], {
    env: { PATH: process.env.PATH, HOME: home.dir, TZ: 'UTC' },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let isOver = false;
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const closed = new Promise((resolve) => child.on('close', resolve)).then(() => (isOver = true));
  const kill = (signal: NodeJS.Signals) => {
    try {
      process.kill(Number(readFileSync(`${ready}.pid`, 'utf8')), signal);
    } catch {
      // it ended by itself
    }
  };
  const limit = setTimeout(() => kill('SIGKILL'), START_LIMIT_MS);
  while (!existsSync(ready) && !isOver) await sleep(100);
  rmSync(ready, { force: true });
  await guest.exec(CURL);
  await Promise.race([closed, sleep(2000)]);
  if (!isOver) kill('SIGINT');
  await closed;
  clearTimeout(limit);
  const lines = stderr.trimEnd().split('\n');
  const codes = (lines.pop() ?? '').split(' ').map(Number);
  return { codes, stdout, stderr: lines.join('\n') };
}

/** Runs a check as the user whose sudo wants a password, on a terminal of script(1); returns the screen. */
function checkOnTerminal(home: Home, guest: Guest): Promise<string> {
  const command = home.command(['check', ...targetArgs(guest, 'sudoer')]);
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { PATH: process.env.PATH, HOME: home.dir, TERM: 'dumb', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  let answered = false;
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
    if (answered || !/password/i.test(screen)) return;
    answered = true;
    child.stdin.write(`${guest.passwords.sudoer}\r`);
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS);
  return new Promise((resolve) => {
    child.on('close', () => {
      clearTimeout(limit);
      resolve(screen);
    });
  });
}

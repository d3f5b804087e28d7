/** Nothing of ours is left, and nothing else is touched. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { removeAsRoot, removeFromHome } from '../../../../extension/target/clean.ts';
import { LocalShell } from '../../../../extension/target/local.ts';
import { shellWithMounts } from '../../../support/private-mounts.ts';
import { needsRoot, rootSession } from '../../../support/root-session.ts';

const SUM = 'a1'.repeat(32);
/** What the agent keeps of a kernel. */
const FACTS = `facts-${'b2'.repeat(16)}`;
const root = mkdtempSync(join(tmpdir(), 'kpt-clean-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** In a folder: things of ours, and one that is not. */
function fill(folder: string, others: readonly string[] = []): void {
  for (const name of [`agent-${SUM}`, `node-${SUM}`, '.tmp-0123456789abcdef', ...others]) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'file'), 'content');
  }
  writeFileSync(join(folder, '.runs'), '');
}

const paths = (removed: readonly { path: string }[]) => removed.map(({ path }) => path).sort();
const HIDDEN = ['/var/cache', '/run', '/var/tmp', '/sys/kernel/tracing']
  .map((path) => `mount -t tmpfs -o mode=755 none ${path}`)
  .join('\n');

test("earlier versions' files in the user's home", async () => {
  const home = join(root, "home o'user");
  const folder = join(home, '.cache/kernel-packet-trace/target');
  fill(folder, ['mine']);
  const shell = new LocalShell({ ...process.env, HOME: home });
  const ours = [`${folder}/.tmp-0123456789abcdef`, `${folder}/agent-${SUM}`, `${folder}/node-${SUM}`];
  assert.deepEqual(paths(await removeFromHome(shell)), ours);
  assert.deepEqual(readdirSync(folder), ['mine']);
  rmSync(join(folder, 'mine'), { recursive: true });
  assert.deepEqual(paths(await removeFromHome(shell)), [folder]);
  assert.ok(!existsSync(join(home, '.cache/kernel-packet-trace')));
  assert.deepEqual(await removeFromHome(shell), []);
});

describe('as root', { skip: needsRoot }, () => {
  test('every folder, and one that was named', async () => {
    const named = join(root, 'named');
    fill(named, ['keep me', 'agentless']);
    const make = `for dir in /var/cache /run /var/tmp; do
mkdir -p $dir/kernel-packet-trace/agent-${SUM}
head -c 50000 /dev/zero > $dir/kernel-packet-trace/agent-${SUM}/agent.cjs
done
echo facts > /run/kernel-packet-trace/${FACTS}`;
    const session = await rootSession(shellWithMounts(`${HIDDEN}\n${make}`));
    const { removed, kept, probes } = await removeAsRoot(session, named);
    const standard = ['/run', '/var/cache', '/var/tmp'].map((each) => `${each}/kernel-packet-trace`);
    assert.deepEqual(
      paths(removed),
      [
        ...standard.flatMap((each) => [each, `${each}/agent-${SUM}`]),
        `/run/kernel-packet-trace/${FACTS}`,
        ...[`${named}/.tmp-0123456789abcdef`, `${named}/agent-${SUM}`, `${named}/node-${SUM}`],
      ].sort(),
    );
    const agent = removed.find(({ path }) => path === `/run/kernel-packet-trace/agent-${SUM}`);
    assert.ok((agent?.bytes ?? 0) >= 50_000, `${agent?.bytes}`);
    assert.deepEqual([kept, probes], [[], 0]);
    assert.equal((await session.run(`ls -d ${standard.join(' ')} 2>/dev/null`)).output, '');
    session.dispose();
    assert.deepEqual(readdirSync(named).sort(), ['agentless', 'keep me']);
  });

  test('what is not in a folder of ours stays, however one is led there', async () => {
    const other = join(root, 'other');
    fill(other);
    const link = join(root, 'link');
    symlinkSync(other, link);
    const session = await rootSession(
      shellWithMounts(
        `${HIDDEN}\nmkdir /var/tmp/kernel-packet-trace\nchown 4242 /var/tmp/kernel-packet-trace`,
      ),
    );
    const { removed, kept } = await removeAsRoot(session, link);
    session.dispose();
    assert.deepEqual(removed, []);
    assert.deepEqual(kept, [
      { path: '/var/tmp/kernel-packet-trace', why: '/var/tmp/kernel-packet-trace belongs to user 4242' },
      { path: link, why: 'it is a link' },
    ]);
    assert.equal(readdirSync(other).length, 4);
  });

  test('definitions of probes: of traces that are gone, not of others', async () => {
    const child = spawn('sleep', ['600'], { stdio: 'ignore' });
    try {
      const start = `$(cut -d ' ' -f 22 /proc/${child.pid}/stat)`;
      const file = '/sys/kernel/tracing/kprobe_events';
      const session = await rootSession(
        shellWithMounts(`${HIDDEN}
printf '%s\\n' "p:kpt_${child.pid}_${start}_1/a1 0x10 i=1" "p:kpt_${child.pid}_1_1/a1 0x20 i=2" 'p:mine/probe 0x30' 'p:kpt_4194305_9_1/a2 0x40 i=3' > ${file}`),
      );
      assert.equal((await removeAsRoot(session, undefined)).probes, 2);
      // As a plain file it shows what was written to it.
      assert.equal(
        (await session.run(`tail -n 2 ${file}`)).output,
        `-:kpt_${child.pid}_1_1/a1 0x20 i=2\n-:kpt_4194305_9_1/a2 0x40 i=3\n`,
      );
      session.dispose();
    } finally {
      child.kill();
    }
  });

  test('an agent that runs is told of', async () => {
    const folder = join(root, `agent-${SUM}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'agent.cjs'), 'process.stdin.resume(); process.stdout.write("up")');
    const agent = spawn(process.execPath, [join(folder, 'agent.cjs'), 'serve'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => agent.stdout.once('data', resolve));
    const session = await rootSession(shellWithMounts(HIDDEN));
    const { running } = await removeAsRoot(session, undefined);
    session.dispose();
    agent.stdin.end();
    assert.ok(running.includes(agent.pid ?? 0), `${running.join()} without ${agent.pid}`);
  });
});

/** What root runs is what was put there: nothing that another user can change comes in between. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { TargetFacts } from '../../../../../extension/base/target-facts.ts';
import { place, removeDamaged } from '../../../../../extension/target/deploy/place.ts';
import {
  EXIT_DAMAGED,
  type Placed,
  type PlaceRequest,
} from '../../../../../extension/target/deploy/placed.ts';
import { recall } from '../../../../../extension/target/deploy/recall.ts';
import { inspectPlatform } from '../../../../../extension/target/platform.ts';
import { LocalShell } from '../../../../../extension/target/local.ts';
import type { RootSession } from '../../../../../extension/target/root/session.ts';
import { needsRoot, rootSession } from '../../../../support/root-session.ts';
import { fakeAssets } from '../../../../support/ssh-server.ts';

const SOMEBODY = 4242;
const arch = process.arch;

describe('as root', { skip: needsRoot }, () => {
  const root = mkdtempSync(join(tmpdir(), 'kpt-place-'));
  after(() => rmSync(root, { recursive: true, force: true }));
  let assets: string;
  let session: RootSession;
  let request: PlaceRequest;
  let counter = 0;
  before(() => {
    assets = fakeAssets(root);
  });
  beforeEach(async () => {
    session = await rootSession();
    const logger = () => undefined;
    request = {
      platform: await inspectPlatform(new LocalShell()),
      findNode: () => Promise.resolve({ node: undefined, oldNodes: [] }),
      distDir: assets,
      folder: join(root, `folder ${counter++}`),
      trustedUid: 0,
      log: { debug: logger, info: logger, warn: logger, error: logger },
      signal: undefined,
      onProgress: undefined,
    };
  });
  afterEach(() => session.dispose());

  /** Runs what was placed to its end. @returns what it said, or the code of the check that failed */
  async function runs({ check, argv }: Placed): Promise<string | number> {
    const running = await session.become(check, argv);
    if (!('process' in running)) return running.code;
    running.process.stdin.end();
    let output = '';
    running.process.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await running.process.ended;
    session = await rootSession();
    return output;
  }

  const own = (path: string) => {
    const node: TargetFacts['node'] = { path, version: 'v22.0.0', origin: 'path' };
    return () => Promise.resolve({ node, oldNodes: [] });
  };
  /** A program in place of Node that says so. */
  const program = (name: string, uid: number) => {
    const path = join(root, name);
    writeFileSync(path, `#!/bin/sh\necho "run by ${name}"\n`);
    chmodSync(path, 0o755);
    chownSync(path, uid, uid);
    return path;
  };

  test('without a Node ours is placed; the second time nothing is sent', async () => {
    const placed = await place(session, request);
    assert.equal(placed.node.origin, 'uploaded');
    assert.ok(placed.uploadedBytes > 0);
    assert.equal(await runs(placed), 'hello serve\n');
    const again = await place(session, request);
    assert.equal(again.uploadedBytes, 0);
    assert.equal(await runs(again), 'hello serve\n');
  });

  test("the target's Node is run where only root can change it", async () => {
    const placed = await place(session, { ...request, findNode: own(program('roots', 0)) });
    assert.equal(await runs(placed), 'run by roots\n');
    const other = await place(session, { ...request, findNode: own(program('users', SOMEBODY)) });
    assert.equal(other.node.origin, 'uploaded');
    assert.equal(await runs(other), 'hello serve\n');
  });

  test('a Node that came into the hands of others since is not run', async () => {
    const path = program('given-away', 0);
    const placed = await place(session, { ...request, findNode: own(path) });
    chownSync(path, SOMEBODY, SOMEBODY);
    assert.equal(await runs(placed), 1);
  });

  for (const [what, file] of [
    ['the agent', 'agent.cjs'],
    ['a library', `linux-${arch}/library.so.1`],
  ] as const) {
    test(`${what} of the same size that is another is not run, and is placed again`, async () => {
      const placed = await place(session, request);
      const path = join(placed.argv[1] ?? '', '..', file);
      const content = readFileSync(path);
      writeFileSync(path, Buffer.alloc(content.length)); // as a file system leaves it after a power cut
      const checked = await session.become(placed.check, placed.argv);
      assert.ok('code' in checked);
      assert.equal(checked.code, EXIT_DAMAGED);
      await removeDamaged(session, checked.output);
      const again = await place(session, request);
      assert.ok(again.uploadedBytes > 0);
      assert.deepEqual(readFileSync(path), content);
      assert.equal(await runs(again), 'hello serve\n');
    });
  }

  test('our Node is compared again after each boot', async () => {
    const placed = await place(session, request);
    assert.equal(await runs(placed), 'hello serve\n');
    const [node = ''] = placed.argv;
    const folder = join(node, '..');
    assert.ok(readdirSync(folder).includes('.checked'));
    writeFileSync(node, Buffer.alloc(readFileSync(node).length));
    writeFileSync(join(folder, '.checked'), 'of another boot\n');
    assert.equal(await runs(placed), EXIT_DAMAGED);
  });

  describe('what an earlier start found', () => {
    const started = async (node: string) => {
      const wanted = { ...request, findNode: own(node) };
      assert.equal(await recall(session, wanted), undefined, 'before the first start');
      await runs(await place(session, wanted));
      const neverAsked = { ...wanted, findNode: () => assert.fail('it is known') };
      return { wanted, again: () => recall(session, neverAsked) };
    };
    const note = (argv: readonly string[]) => join(argv[1] ?? '', '..', '.start');

    test('is used again, without a look for Node', async () => {
      const path = program('kept', 0);
      const { again } = await started(path);
      const recalled = await again();
      assert.ok(recalled !== undefined);
      assert.deepEqual(recalled.node, { path, version: 'v22.0.0', origin: 'path' });
      assert.equal(recalled.uploadedBytes, 0);
      assert.equal(await runs(recalled), 'run by kept\n');
    });

    test('also where Node is ours', async () => {
      await runs(await place(session, request));
      const recalled = await recall(session, request);
      assert.equal(recalled?.node.origin, 'uploaded');
      assert.equal(await runs(recalled), 'hello serve\n');
    });

    for (const [what, change] of [
      ['another Node is there', (path) => writeFileSync(path, '#!/bin/sh\necho other\n')],
      ['Node came into the hands of others', (path) => chownSync(path, SOMEBODY, SOMEBODY)],
      ['Node is gone', (path) => rmSync(path)],
      [
        'the target booted',
        (_path, file) =>
          writeFileSync(
            file,
            readFileSync(file, 'utf8').replace(/^.*/, '00000000-0000-0000-0000-000000000000'),
          ),
      ],
      [
        'the note is cut short',
        (_path, file) => writeFileSync(file, readFileSync(file, 'utf8').slice(0, 50)),
      ],
    ] satisfies [string, (path: string, note: string) => void][])
      test(`is not used when ${what}`, async () => {
        const path = program('changed', 0);
        const { again, wanted } = await started(path);
        const recalled = await again();
        assert.ok(recalled !== undefined);
        change(path, note(recalled.argv));
        assert.equal(await again(), undefined);
        assert.notEqual((await place(session, wanted)).argv[0], '');
      });

    test('a Node that was replaced behind it is not run', async () => {
      const path = program('replaced', 0);
      const { again } = await started(path);
      const recalled = await again();
      assert.ok(recalled !== undefined);
      writeFileSync(path, '#!/bin/sh\necho "run by replaced"\n');
      assert.equal(await runs(recalled), EXIT_DAMAGED);
    });
  });

  test('only what has the name of ours is taken for damaged', async () => {
    const keep = join(root, 'keep');
    writeFileSync(keep, '');
    for (const found of ['', '/', root, keep, `${root}/agent-1`]) await removeDamaged(session, found);
    assert.ok(readdirSync(root).includes('keep'));
  });
});

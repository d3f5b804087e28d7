/** The FilterCompiler: its verdicts and errors, the deadline, cancellation, and a worker that dies. */
import assert from 'node:assert/strict';
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { PacketTraceError, type ErrorCode } from '../../../../extension/base/errors.ts';
import { compileWith, type FilterLibrary } from '../../../../extension/filter/libpcap/compile.ts';
import { FilterCompiler } from '../../../../extension/filter/filter-compiler.ts';
import { hostsFilter, loadFilterLibrary, makeFilterDist } from '../../../support/filter/filter-library.ts';

/** No machine optimises this in time: native libpcap needs minutes. */
const slowFilter = hostsFilter(1000);
/** Longer than any test may take: what is to end sooner does so for another reason. */
const never = 3_600_000;

describe('FilterCompiler', () => {
  let library: FilterLibrary;
  let dist: string;
  let open: FilterCompiler[] = [];

  before(async () => {
    library = await loadFilterLibrary();
    dist = await makeFilterDist();
  });
  afterEach(async () => {
    await Promise.all(open.map((compiler) => compiler.dispose()));
    open = [];
  });
  after(() => rm(dist, { recursive: true, force: true }));

  function compiler(optimized = never, plain = never, dir = dist): FilterCompiler {
    const made = new FilterCompiler(dir, { optimized, plain });
    open.push(made);
    return made;
  }

  function instructions(text: string, link: 'EN10MB' | 'RAW', optimize = true) {
    const result = compileWith(library, text, link, { optimize });
    assert.ok(result.ok);
    return result.instructions;
  }

  /** A compiler whose worker runs this code in place of ours. */
  async function withWorker(code: string, test: (one: FilterCompiler, dir: string) => Promise<void>) {
    const dir = await makeFilterDist();
    try {
      await writeFile(join(dir, 'filter-worker.cjs'), code);
      await test(compiler(never, never, dir), dir);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }

  it('compiles a filter for both link types', async () => {
    const text = 'dst host 1.1.1.1 and tcp and dst port 80';
    assert.deepEqual(await compiler().compile(text), {
      l2: instructions(text, 'EN10MB'),
      l3: instructions(text, 'RAW'),
    });
  });

  it('gives null for the link type that libpcap refuses, and says so', async () => {
    const text = 'ether host 00:11:22:33:44:55';
    assert.deepEqual(await compiler().compile(text), { l2: instructions(text, 'EN10MB'), l3: null });
    const verdict = await compiler().check(text);
    assert.ok(verdict.ok && verdict.l2.ok && !verdict.l3.ok);
    assert.match(verdict.message, /^Matches only packets with an Ethernet header/);
    assert.ok(verdict.message.includes(verdict.l3.message));
  });

  it("refuses a bad filter with libpcap's words and names the filter", async () => {
    await assert.rejects(compiler().compile('tcp port'), failure('filter', /"tcp port".*syntax error/));
  });

  it('says that host names are not resolved', async () => {
    await assert.rejects(compiler().compile('host example.org'), (error: PacketTraceError) => {
      assert.match(error.message, /unknown host 'example\.org'/);
      assert.match(error.remedy, /"example\.org".*not resolved.*address/);
      return true;
    });
  });

  it('gives a trace the program that sees VLAN tags outside of the packet', async () => {
    const VLAN_TAG_PRESENT = 0xffff_f030;
    const asks = async (text: string) => {
      const { l2 } = await compiler().compile(text);
      return l2?.some(([, , , k]) => k === VLAN_TAG_PRESENT);
    };
    assert.deepEqual([await asks('vlan 100 and tcp'), await asks('tcp port 80')], [true, false]);
  });

  it('refuses a text that is too long to be a filter, without compiling it', async () => {
    // A missing folder: the worker could not even start.
    const text = 'tcp or '.repeat(200_000);
    const attempt = compiler(never, never, '/nonexistent').compile(text);
    await assert.rejects(attempt, (error: PacketTraceError) => {
      assert.match(error.message, /1400000 bytes/);
      assert.ok(error.message.length < 500, 'it must not repeat the whole text');
      return true;
    });
  });

  it('refuses a NUL, behind which libpcap would see nothing', async () => {
    await assert.rejects(compiler().compile('tcp\0 and nonsense'), failure('filter', /NUL/));
  });

  it('takes an empty text as every packet', async () => {
    const verdict = await compiler().check('  ');
    assert.ok(verdict.ok && verdict.l2.ok && verdict.l2.everyPacket);
  });

  it('uses the plain program past the deadline, and says that it costs more', async () => {
    const filter = hostsFilter(300); // some seconds with optimisation, a tenth of that without
    const one = compiler(50);
    const verdict = await one.check(filter);
    assert.ok(verdict.ok && !verdict.optimized, verdict.message);
    assert.match(verdict.message, /too large to optimise/);
    assert.deepEqual(await one.compile(filter), {
      l2: instructions(filter, 'EN10MB', false),
      l3: instructions(filter, 'RAW', false),
    });
  });

  it('refuses a filter for which even the plain program takes too long', async () => {
    await assert.rejects(compiler(100, 100).compile(slowFilter), failure('filter', /took longer than 0\.1/));
  });

  it('uses the plain program where the optimiser is out of memory', async () => {
    const outOfMemory = compileWith(library, hostsFilter(3000), 'EN10MB', { optimize: true });
    assert.ok(!outOfMemory.ok && outOfMemory.tooLarge);
    const plain = { ok: true, instructions: instructions('tcp', 'EN10MB', false) };
    await withWorker(
      `const { parentPort } = require('node:worker_threads');
       const [refused, plain] = [${JSON.stringify(outOfMemory)}, ${JSON.stringify(plain)}];
       parentPort.on('message', ({ optimize }) => {
         const result = optimize ? refused : plain;
         parentPort.postMessage({ l2: result, l3: result });
       });`,
      async (one) => {
        const verdict = await one.check('stands for a large one');
        assert.ok(verdict.ok && !verdict.optimized, verdict.message);
      },
    );
  });

  it('refuses endless nesting instead of crashing', async () => {
    const depth = 100_000;
    const verdict = await compiler().check('('.repeat(depth) + 'tcp' + ')'.repeat(depth));
    assert.equal(verdict.ok, false);
  });

  it('cancels an older check for a newer one', async () => {
    const one = compiler();
    const older = one.check(slowFilter);
    const cancelled = assert.rejects(older, failure('cancelled', /./));
    await delay(200); // it runs by now; where not, the outcome is the same
    assert.equal((await one.check('udp')).ok, true);
    await cancelled;
  });

  it('analyses a filter: the verdict, and what is wrong where', async () => {
    const one = compiler();
    const { verdict, diagnostics } = await one.analyse('tcp prot 80');
    assert.equal(verdict.ok, false);
    assert.deepEqual(
      diagnostics.map(({ start, end, severity, fixes }) => ({ start, end, severity, fixes: fixes.length })),
      [{ start: 4, end: 8, severity: 'error', fixes: 1 }],
    );
    assert.deepEqual((await one.analyse('tcp port 80')).diagnostics, []);
    assert.deepEqual((await one.analyse(' ')).diagnostics, []);
  });

  it('has an error for every refusal, also where it is too long to be looked at', async () => {
    for (const text of ['tcp and '.repeat(1000), '('.repeat(5000)]) {
      const { verdict, diagnostics } = await compiler().analyse(text);
      assert.equal(verdict.ok, false);
      assert.ok(diagnostics[0]?.severity === 'error' && diagnostics[0].end <= text.length, text.slice(0, 20));
    }
  });

  it('cancels an older analysis for a newer one', async () => {
    const one = compiler();
    const cancelled = assert.rejects(one.analyse(slowFilter), failure('cancelled', /./));
    assert.equal((await one.analyse('udp')).verdict.ok, true);
    await cancelled;
  });

  it('inspects what libpcap answers for each link type, and nothing in its place', async () => {
    const one = compiler(50);
    const { results } = await one.inspect('arp', { optimize: true });
    assert.deepEqual(results, {
      EN10MB: compileWith(library, 'arp', 'EN10MB', { optimize: true }),
      RAW: compileWith(library, 'arp', 'RAW', { optimize: true }),
    });
    const late = (await one.inspect(slowFilter, { optimize: true })).results.RAW;
    assert.match(late.ok ? '' : late.message, /took longer than 0\.05 seconds/);
  });

  it('does not cancel a compilation for a check', async () => {
    const one = compiler();
    const [filter, verdict] = await Promise.all([one.compile('tcp'), one.check('udp')]);
    assert.deepEqual(filter.l3, instructions('tcp', 'RAW'));
    assert.equal(verdict.ok, true);
  });

  it('ends a compilation when it is aborted, before and while it runs', async () => {
    const one = compiler();
    await assert.rejects(one.compile('tcp', AbortSignal.abort()), failure('cancelled', /./));
    const controller = new AbortController();
    const running = one.compile(slowFilter, controller.signal);
    const cancelled = assert.rejects(running, failure('cancelled', /./));
    await delay(200);
    controller.abort();
    await cancelled;
    assert.deepEqual((await one.compile('tcp')).l3, instructions('tcp', 'RAW'));
  });

  it('cancels what runs and what waits when it is disposed', async () => {
    const one = compiler();
    const attempts = [one.compile(slowFilter), one.compile('tcp')];
    const ends = attempts.map((attempt) => assert.rejects(attempt, failure('cancelled', /./)));
    await one.dispose();
    await Promise.all(ends);
  });

  it('reports a worker that dies, and starts another for the next filter', async () => {
    const dying = `require('node:worker_threads').parentPort.on('message', () => process.exit(7));`;
    await withWorker(dying, async (one, dir) => {
      await assert.rejects(one.compile('tcp'), failure('internal', /exit code 7/));
      await cp(join(dist, 'filter-worker.cjs'), join(dir, 'filter-worker.cjs'));
      assert.deepEqual((await one.compile('tcp')).l3, instructions('tcp', 'RAW'));
    });
  });

  it('reports missing files', async () => {
    const dir = await makeFilterDist();
    try {
      await rm(join(dir, 'libpcap.wasm'));
      const attempt = compiler(never, never, dir).compile('tcp');
      await assert.rejects(attempt, failure('internal', /libpcap\.wasm/));
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

function failure(code: ErrorCode, message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof PacketTraceError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}

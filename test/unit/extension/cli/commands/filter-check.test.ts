/** The command `filter check`: its objects and text, both ways in, and its exit codes. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { ExitCode } from '../../../../../extension/cli/exit-codes.ts';
import { filterCheckCommand } from '../../../../../extension/cli/commands/filter-check.ts';
import type { FilterCheck } from '../../../../../extension/cli/output/filter-check-format.ts';
import { linesOf } from '../../../../../extension/cli/lines.ts';
import { parseCommandLine } from '../../../../../extension/cli/command-line.ts';
import { compileWith, type FilterLibrary } from '../../../../../extension/filter/libpcap/compile.ts';
import { differences, readJsonDocs } from '../../../../support/json-docs.ts';
import { loadFilterLibrary, makeFilterDist } from '../../../../support/filter/filter-library.ts';

class Collector extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    setImmediate(done); // as slow as a pipe: write() asks its caller to wait
  }
}

describe('packet-trace filter check', () => {
  let distDir: string;
  let library: FilterLibrary;
  before(async () => {
    library = await loadFilterLibrary();
    distDir = await makeFilterDist();
  });
  after(() => rm(distDir, { recursive: true, force: true }));

  async function run(args: string[], input = ''): Promise<{ code: ExitCode; text: string; errors: string }> {
    const command = parseCommandLine(['filter', 'check', ...args]);
    assert.ok(command.name === 'filter check');
    const [stdout, stderr] = [new Collector({ highWaterMark: 1 }), new Collector()];
    const interrupt = new AbortController().signal;
    const code = await filterCheckCommand(command, {
      stdin: Readable.from([input]),
      stdout,
      stderr,
      distDir,
      interrupt,
    });
    return { code, text: stdout.text, errors: stderr.text };
  }

  const parsed = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as FilterCheck);

  it('gives the instructions of libpcap, as asked for', async () => {
    for (const [args, link, optimize] of [
      [['--link', 'RAW'], 'RAW', true],
      [['--link', 'EN10MB', '--no-optimize'], 'EN10MB', false],
    ] as const) {
      const { code, text } = await run([...args, '--json', 'tcp port 80']);
      const [checked] = parsed(text);
      const native = compileWith(library, 'tcp port 80', link, { optimize });
      assert.ok(native.ok && checked?.ok && code === ExitCode.Ok);
      assert.deepEqual([checked.link, checked.instructions], [link, native.instructions]);
      assert.equal(checked.links.length, 1);
    }
  });

  it('gives both link types by default, and the words of the one that accepts', async () => {
    const [checked] = parsed((await run(['--json', 'arp'])).text);
    assert.deepEqual(
      checked?.links.map(({ link, ok }) => [link, ok]),
      [
        ['EN10MB', true],
        ['RAW', false],
      ],
    );
    assert.deepEqual([checked.link, checked.ok, checked.range], ['EN10MB', true, null]);
    assert.deepEqual(checked.links[1]?.range, { start: 0, end: 3 });
  });

  it('prints the documented object', async () => {
    for (const filter of ['tcp prot 80', 'arp']) {
      const [checked] = parsed((await run(['--json', filter])).text);
      assert.deepEqual(differences({ ...checked }, readJsonDocs()), [], filter);
    }
  });

  it('answers each line of standard input in its order, an empty one too', async () => {
    const { code, text } = await run(['--link', 'EN10MB', '-'], 'tcp prot 80\n\nudp\r\ntcp and udp');
    assert.deepEqual(
      parsed(text).map(({ filter, ok, message, range }) => ({ filter, ok, message, range })),
      [
        {
          filter: 'tcp prot 80',
          ok: false,
          message: "can't parse filter expression: syntax error",
          range: { start: 4, end: 8 },
        },
        { filter: '', ok: true, message: '', range: null },
        { filter: 'udp', ok: true, message: '', range: null },
        {
          filter: 'tcp and udp',
          ok: false,
          message: 'expression rejects all packets',
          range: { start: 0, end: 11 },
        },
      ],
    );
    assert.equal(code, ExitCode.Ok);
  });

  it('points at the fault in text, and fails', async () => {
    const { code, text } = await run(['tcp', 'prot', '80']);
    assert.equal(code, ExitCode.Usage);
    assert.match(text, /^RAW +refused: can't parse/m);
    assert.match(text, /^tcp prot 80\n {4}\^~~~\nerror: .*"prot" is no word.*\n {2}fix: .*: tcp port 80$/m);
  });

  it('reports what is wrong with its own files', async () => {
    const command = parseCommandLine(['filter', 'check', 'tcp']);
    assert.ok(command.name === 'filter check');
    const [stdout, stderr] = [new Collector(), new Collector()];
    const environment = { stdin: Readable.from([]), stdout, stderr, distDir: '/nonexistent' };
    const interrupt = new AbortController().signal;
    assert.equal(await filterCheckCommand(command, { ...environment, interrupt }), ExitCode.Internal);
    assert.match(stderr.text, /filter compiler/);
  });

  it('takes no options that need a target', () => {
    assert.throws(
      () => parseCommandLine(['filter', 'check', '--identity', 'x', 'tcp']),
      /no option --identity/,
    );
    assert.throws(() => parseCommandLine(['filter', 'check', '--link', 'PPP']), /EN10MB, RAW/);
  });

  it('splits lines at newlines only, wherever chunks end', async () => {
    const lines: string[] = [];
    for await (const line of linesOf(Readable.from([Buffer.from('a\u2028b\nc'), Buffer.from('d\r\n\ne')])))
      lines.push(line);
    assert.deepEqual(lines, ['a\u2028b', 'cd', '', 'e']);
  });
});

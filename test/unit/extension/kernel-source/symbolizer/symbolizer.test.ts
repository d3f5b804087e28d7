import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { after, before, test } from 'node:test';
import { bundle } from '../../../../../build/bundle.ts';
import { ensureInstalled } from '../../../../../build/packages/debian.ts';
import { distDir } from '../../../../../build/paths.ts';
import { run } from '../../../../../build/run.ts';
import { DebugFile } from '../../../../../extension/kernel-source/symbolizer/elf/debug-file.ts';
import { Symbolizer, type LineAnswer } from '../../../../../extension/kernel-source/symbolizer/symbolizer.ts';
import { SymbolizerThread } from '../../../../../extension/kernel-source/symbolizer/thread.ts';
import {
  type CodePlace,
  locateInDebugFile,
} from '../../../../../extension/kernel-source/symbolizer/match-function.ts';
import type { SymbolTable } from '../../../../../extension/kernel-source/symbolizer/elf/elf-symbols.ts';
import { ToolResolver } from '../../../../../extension/kernel-source/symbolizer/tools/tool-resolver.ts';
import {
  buildIdOf,
  buildProgram,
  damage,
  lineOf,
  writeSources,
} from '../../../../support/source/debug-program.ts';

const RELEASE = '6.1.0-test';
/** Where the compiler was told that it is. */
const BUILD_FOLDER = '/build/somewhere/linux-6.1';
let dir = '';
/** In place of /usr/lib/debug. */
let system = '';
let checkout = '';
let vmlinux = '';
let module = '';
let buildIds = { kernel: '', modules: { two_twins: '' } };
const opened: DebugFile[] = [];
let symbols: SymbolTable;
/** With the marks. */
let marks: SymbolTable;

before(async () => {
  await ensureInstalled(['elfutils', 'llvm']);
  dir = await mkdtemp(join(tmpdir(), 'kernel-lines-'));
  system = join(dir, 'debug');
  checkout = join(dir, 'linux');
  vmlinux = join(system, 'boot', `vmlinux-${RELEASE}`);
  module = join(system, 'lib/modules', RELEASE, 'kernel/drivers/net/two-twins.ko');
  const marked = join(dir, 'marked');
  await writeSources(checkout);
  // elfutils knows units by .debug_aranges only, which GCC always writes.
  const compiler = [`-fdebug-prefix-map=${checkout}=${BUILD_FOLDER}`, '-gdwarf-aranges'];
  await buildProgram(checkout, marked, { target: 'x86_64-linux-gnu', dwarf: 5, kind: 'kernel', compiler });
  // As a kernel is: without symbols inside of functions.
  await mkdir(dirname(vmlinux), { recursive: true });
  await run('llvm-objcopy', ['--wildcard', '--strip-symbol=mark_*', marked, vmlinux]);
  await buildProgram(checkout, module, { target: 'aarch64-linux-gnu', dwarf: 4, kind: 'module', compiler });
  buildIds = { kernel: await buildIdOf(vmlinux), modules: { two_twins: await buildIdOf(module) } };
  marks = await openSymbols(marked);
  symbols = await openSymbols(vmlinux);
});
after(async () => {
  for (const file of opened) file.close();
  await rm(dir, { recursive: true });
});

async function openSymbols(path: string): Promise<SymbolTable> {
  const file = await DebugFile.open(path);
  opened.push(file);
  return file.symbols;
}

function place(over: Partial<CodePlace> & { name: string }): CodePlace {
  return { module: '', offset: 0, isReturnAddress: false, ...over };
}

async function ask(wanted: CodePlace, options: object = {}): Promise<LineAnswer> {
  const lines = new Symbolizer({ checkout, system, release: RELEASE, buildIds, tools: [], ...options });
  try {
    return await lines.resolve(wanted);
  } finally {
    await lines.dispose();
  }
}

async function reason(wanted: CodePlace, options: object = {}): Promise<string> {
  const answer = await ask(wanted, options);
  assert.equal(answer.kind, 'definition');
  return answer.reason;
}

/** Frames as `function path:line`. */
function brief(answer: LineAnswer): string[] {
  assert.ok(answer.kind === 'line', answer.kind === 'definition' ? answer.reason : '');
  return answer.frames.map(({ function: name, path, line }) => `${name} ${path}:${line}`);
}

const CHAIN = () => [
  `innermost ${lineOf('mark_innermost')}`,
  `middle ${lineOf('calls innermost')}`,
  `outer ${lineOf('calls middle')}`,
];

/** `outer+0xOFF` of the mark in the function that was inlined twice over. */
function innermostPlace(): CodePlace {
  const [outer] = symbols.functions('outer');
  const [mark] = marks.functions('mark_innermost');
  assert.ok(outer !== undefined && mark !== undefined);
  return place({ name: 'outer', offset: mark.address - outer.address });
}

test('a place in the kernel gives its line and the inline chain, in the checkout', async () => {
  assert.deepEqual(brief(await ask(innermostPlace())), CHAIN());
});

test('a place in a module', async () => {
  const wanted = place({ name: 'mark_innermost', module: 'two_twins' });
  assert.deepEqual(brief(await ask(wanted)), CHAIN());
});

for (const [tool, name] of [
  ['llvm-symbolizer', ''],
  ['eu-addr2line', ''],
  ['eu-addr2line', 'two_twins'],
] as const) {
  test(`${tool} gives the same for ${name || 'the kernel'}, and one process answers many`, async () => {
    const places =
      name === ''
        ? [innermostPlace(), place({ name: 'leaf' }), place({ name: 'driver' }), innermostPlace()]
        : ['mark_innermost', 'mark_set_up', 'driver'].map((name) => place({ name, module: 'two_twins' }));
    const expected = await Promise.all(places.map(async (wanted) => brief(await ask(wanted))));
    assert.deepEqual(expected[0], CHAIN());
    const path = name === '' ? vmlinux : module;
    const table = await openSymbols(path);
    const lines = new ToolResolver(tool, path);
    try {
      const answers = await Promise.all(
        places.map((wanted) => lines.resolve(locateInDebugFile(table, wanted).address)),
      );
      const frames = answers.map((answer) =>
        answer.map(({ function: fn, file, line }) => `${fn} ${posix.relative(BUILD_FOLDER, file)}:${line}`),
      );
      assert.deepEqual(frames, expected);
    } finally {
      lines.dispose();
    }
  });
}

test('a tool that is missing or breaks leaves the answer to our reader', async () => {
  const lines = new ToolResolver('eu-addr2line', join(dir, 'absent'));
  try {
    await assert.rejects(async () => lines.resolve(0x1000), {
      name: 'LinesError',
      message: /^eu-addr2line gives no lines/,
    });
    await assert.rejects(async () => lines.resolve(0x1000), { name: 'LinesError' });
  } finally {
    lines.dispose();
  }
  const tools = ['no-such-tool', 'llvm-symbolizer'];
  assert.deepEqual(
    brief(await ask(place({ name: 'leaf' }), { tools })),
    brief(await ask(place({ name: 'leaf' }))),
  );
});

test('a return address is of the call before it, even where the function ends with it', async () => {
  const [fn] = symbols.functions('never_returns');
  const wanted = place({ name: 'never_returns', offset: fn?.size ?? 0 });
  assert.deepEqual(brief(await ask({ ...wanted, isReturnAddress: true })), [
    `never_returns ${lineOf('last')}`,
  ]);
  assert.match(await reason(wanted), /^never_returns\+0x\w+ is outside of the function/);
});

test('no-ops for the function tracer, which GCC gives to the function before, are of the function behind', async () => {
  const path = join(dir, 'patched', 'vmlinux');
  const edit = (assembly: string) => assembly.replace(/^(\.Lfunc_begin\d+:)/gm, '\tnop\n\tnop\n$1');
  await buildProgram(checkout, path, { target: 'aarch64-linux-gnu', dwarf: 5, kind: 'kernel', edit });
  const patched = {
    configured: path,
    system: '/nonexistent',
    buildIds: { kernel: await buildIdOf(path), modules: {} },
  };
  for (const tools of [[], ['llvm-symbolizer']]) {
    for (const offset of [0, 4, 8]) {
      const answer = await ask(place({ name: 'driver', offset }), { ...patched, tools });
      assert.deepEqual(brief(answer), [
        `driver ${lineOf('int driver').replace(/\d+$/, (line) => String(Number(line) + 1))}`,
      ]);
    }
  }
});

test('another build is refused', async () => {
  const other = { buildIds: { kernel: 'abcd', modules: {} } };
  assert.match(await reason(place({ name: 'leaf' }), other), /another build .*the target's is abcd/);
  assert.match(await reason(place({ name: 'leaf' }), { buildIds: { modules: {} } }), /gives no build id/);
  assert.match(await reason(place({ name: 'leaf', module: 'absent' })), /no build id for module absent/);
  assert.match(
    await reason(place({ name: 'leaf' }), { system: checkout }),
    /No debug information for the kernel/,
  );
});

test('a function of another size is refused', async () => {
  const [leaf] = symbols.functions('leaf');
  const size = leaf?.size ?? 0;
  const expected = [`leaf ${lineOf('mark_leaf')}`];
  const at = (distance: number) => ({ ...place({ name: 'leaf' }), distance, offset: 0 });
  assert.equal((await ask(at(size))).kind, 'line');
  assert.equal((await ask(at(size + 15))).kind, 'line');
  assert.match(
    await reason(at(size - 1)),
    new RegExp(`leaf is not the same .* ${size} bytes there, ${size - 1} `),
  );
  assert.match(await reason(at(size + 4096)), /leaf is not the same/);
  const [mark] = marks.functions('mark_leaf');
  const offset = (mark?.address ?? 0) - (leaf?.address ?? 0);
  assert.deepEqual(brief(await ask({ ...at(size), offset })), expected);
});

test('of a kernel that told no build id, functions must be as large as in the file, to the byte', async () => {
  const [leaf] = symbols.functions('leaf');
  assert.ok(leaf !== undefined);
  const [mark] = marks.functions('mark_leaf');
  const offset = (mark?.address ?? 0) - leaf.address;
  const any = { buildIds: 'any' };
  const distance = symbols.distanceToNext(leaf);
  const at = (more: Partial<CodePlace>) => place({ name: 'leaf', offset, distance, ...more });
  assert.deepEqual(brief(await ask(at({}), any)), [`leaf ${lineOf('mark_leaf')}`]);
  assert.match(
    await reason(at({ distance: distance + 1 }), any),
    new RegExp(`leaf is not the same .* ${distance} bytes there, ${distance + 1} on the target`),
  );
  assert.match(await reason(at({ distance: undefined }), any), /leaf is not the same/);
  const [last] = symbols.functions('set_up'); // of its section
  const lastAt = (more: number) => place({ name: 'set_up', distance: (last?.size ?? 0) + more });
  assert.equal((await ask(lastAt(15), any)).kind, 'line');
  assert.match(await reason(lastAt(-1), any), /set_up is not the same/);
  assert.match(await reason(lastAt(4096), any), /set_up is not the same/);
  // With a build id that counts, as for a traced kernel.
  const buildId = buildIds.kernel;
  assert.equal((await ask(at({ buildId, distance: distance + 1 }), any)).kind, 'line');
  assert.match(await reason(at({ buildId: 'abcd' }), any), /another build .*the target's is abcd/);
});

test('without a release, the debug folder of a single kernel will do', async () => {
  const any = { buildIds: 'any', release: undefined };
  const [twin] = symbols.functions('leaf');
  assert.ok(twin !== undefined);
  const wanted = place({ name: 'leaf', distance: symbols.distanceToNext(twin) });
  assert.equal((await ask(wanted, any)).kind, 'line');
  // Of several, the one that the place is of is not known.
  const two = join(dir, 'two');
  for (const release of ['6.1.0-a', '6.1.0-b']) {
    await mkdir(join(two, 'lib/modules', release), { recursive: true });
    await copyFile(vmlinux, join(two, 'lib/modules', release, 'vmlinux'));
  }
  assert.match(
    await reason(wanted, { ...any, system: two }),
    /No debug information for that kernel was found/,
  );
});

test('functions of one name are told apart by address or size, or not at all', async () => {
  const twins = symbols.functions('twin');
  assert.equal(twins.length, 2);
  assert.match(await reason(place({ name: 'twin' })), /2 functions twin/);
  for (const twin of twins) {
    const [stext] = symbols.functions('_stext');
    const answer = await ask(place({ name: 'twin', fromStext: twin.address - (stext?.address ?? 0) }));
    assert.equal(answer.kind, 'line');
    assert.deepEqual(await ask(place({ name: 'twin', distance: symbols.distanceToNext(twin) })), answer);
    assert.match(await reason(place({ name: 'twin', fromStext: 1 })), /at other addresses/);
  }
});

test('a file that the settings name must be there', async () => {
  const configured = join(dir, 'absent', 'vmlinux');
  const options = { configured, system: '/nonexistent' };
  assert.match(
    await reason(place({ name: 'leaf' }), options),
    /absent\/vmlinux, given for debug information, does not exist/,
  );
  assert.equal((await ask(place({ name: 'leaf' }), { configured })).kind, 'line');
});

test('that there is no debug information at all is told apart from other reasons', async () => {
  const wanted = place({ name: 'leaf' });
  const none = await ask(wanted, { system: '/nonexistent' });
  const refused = await ask(wanted, { buildIds: { kernel: 'abcd', modules: {} } });
  assert.ok(none.kind === 'definition' && refused.kind === 'definition');
  assert.deepEqual([none.isMissing, refused.isMissing], [true, false]);
});

test('a function that is not there', async () => {
  assert.match(await reason(place({ name: 'absent' })), /no function absent/);
  // Compared with the table's last name, a long one goes beyond its end.
  for (const letter of 'abcdefghijklmnopqrstuvwxyz_')
    assert.match(await reason(place({ name: letter.repeat(200) })), /no function/);
});

test('a file that the checkout does not have keeps the name that the compiler was told', async () => {
  const empty = join(dir, 'empty');
  await mkdir(empty, { recursive: true });
  const answer = await ask(place({ name: 'leaf' }), { checkout: empty });
  assert.ok(answer.kind === 'line');
  assert.deepEqual(
    answer.frames.map(({ path, file }) => [path, file]),
    [[undefined, `${BUILD_FOLDER}/net/core/path.c`]],
  );
});

test('in a checkout where functions are elsewhere, no line is told', async () => {
  const other = join(dir, 'other');
  const path = join(other, 'net/core/path.c');
  const elsewhere = /net\/core\/path\.c of the checkout is not as it was for this kernel: line \d+ of (\w+)/;
  const asked = async () => elsewhere.exec(await reason(innermostPlace(), { checkout: other }))?.[1];
  await writeSources(other);
  const text = await readFile(path, 'utf8');
  assert.deepEqual(brief(await ask(innermostPlace(), { checkout: other })), CHAIN());
  await writeFile(path, `\n${text}`);
  assert.equal(await asked(), 'middle');
  assert.equal((await ask(place({ name: 'driver' }), { checkout: other })).kind, 'line');
  // All begin where they did, one ends before the line.
  await writeFile(
    path,
    text.replace(
      /^(int outer.*\n){([^}]*)}/m,
      (_, head: string, body: string) => `${head}{ }${body.replace(/./g, '')}`,
    ),
  );
  assert.equal(await asked(), 'outer');
});

test('debug files are found by setting, in the checkout, and by build id', async () => {
  const elsewhere = join(dir, 'elsewhere');
  const none = join(dir, 'none');
  const put = async (from: string, ...to: string[]) => {
    await mkdir(dirname(join(elsewhere, ...to)), { recursive: true });
    await copyFile(from, join(elsewhere, ...to));
    return join(elsewhere, ...to);
  };
  const kernel = place({ name: 'leaf' });
  const inModule = place({ name: 'leaf', module: 'two_twins' });
  const found = async (wanted: CodePlace, options: object) =>
    (await ask(wanted, { system: none, ...options })).kind === 'line';

  const file = await put(vmlinux, 'vmlinux-mine');
  assert.ok(await found(kernel, { configured: file }));
  assert.ok(!(await found(inModule, { configured: file })));
  assert.ok(await found(inModule, { configured: module }));
  assert.ok(await found(kernel, { configured: system }));
  assert.ok(await found(inModule, { configured: system }));

  const id = buildIds.modules.two_twins;
  await put(module, '.build-id', id.slice(0, 2), `${id.slice(2)}.debug`);
  assert.ok(await found(inModule, { system: elsewhere }));
  assert.ok(!(await found(kernel, { system: elsewhere })));

  await put(vmlinux, 'usr/lib/modules', RELEASE, 'vmlinux');
  assert.ok(await found(kernel, { system: elsewhere }));

  for (const [order, path] of [
    ['drivers/net/two-twins.o', 'drivers/net/two-twins.ko'],
    ['kernel/net/two_twins.ko', 'net/two_twins.ko'],
  ] as const) {
    const build = join('build', path.replaceAll('/', '-'));
    await put(module, build, path);
    await put(vmlinux, build, 'vmlinux');
    assert.ok(!(await found(inModule, { checkout: join(elsewhere, build) })));
    await writeFile(join(elsewhere, build, 'modules.order'), `kernel/fs/fat/fat.ko\n${order}\n`);
    assert.ok(await found(inModule, { checkout: join(elsewhere, build) }));
    assert.ok(await found(kernel, { checkout: join(elsewhere, build) }));
  }
});

test('a file of the same build that is stripped, cut short or damaged is no crash', async () => {
  const copy = join(dir, 'copy', 'vmlinux');
  await mkdir(dirname(copy), { recursive: true });
  const answer = () => reason(place({ name: 'leaf' }), { configured: copy, system: '/nonexistent' });
  await run('llvm-objcopy', ['--strip-debug', vmlinux, copy]);
  assert.match(await answer(), /no debug information \(CONFIG_DEBUG_INFO/);
  await copyFile(vmlinux, copy);
  await truncate(copy, Math.floor((await stat(copy)).size / 2));
  assert.match(await answer(), /cut short or damaged/);
  const file = await DebugFile.open(vmlinux);
  for (const name of ['.debug_info', '.debug_line', '.debug_abbrev']) {
    await copyFile(vmlinux, copy);
    const section = file.elf.section(name);
    assert.ok(section !== undefined, name);
    await damage(copy, section.offset, section.size);
    assert.match(await answer(), /damaged|not known|no line/);
  }
  file.close();
});

test('a cancelled question rejects', async () => {
  const lines = new Symbolizer({ checkout, system, release: RELEASE, buildIds, tools: ['eu-addr2line'] });
  await assert.rejects(lines.resolve(place({ name: 'leaf' }), AbortSignal.abort()), { name: 'AbortError' });
  await lines.dispose();
});

test('a thread of its own answers the same, says why it does not, and starts again after it was stopped', async () => {
  await bundle();
  const thread = new SymbolizerThread(distDir, { checkout, system, release: RELEASE, buildIds, tools: [] });
  assert.deepEqual(brief(await thread.resolve(innermostPlace())), CHAIN());
  const missing = await thread.resolve(place({ name: 'no_such_function' }));
  assert.match(missing.kind === 'definition' ? missing.reason : '', /no function no_such_function/);
  const pending = thread.resolve(innermostPlace());
  thread.stop();
  assert.deepEqual(await pending, { kind: 'definition', reason: 'It was stopped.' });
  assert.deepEqual(brief(await thread.resolve(innermostPlace())), CHAIN());
  thread.stop();
});

test('a thread that cannot start says so', async () => {
  const thread = new SymbolizerThread(dir, { checkout, system, release: RELEASE, buildIds });
  const answer = await thread.resolve(place({ name: 'leaf' }));
  assert.match(answer.kind === 'definition' ? answer.reason : '', /cannot be read: Cannot find module/);
});

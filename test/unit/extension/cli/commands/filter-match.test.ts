import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ExitCode } from '../../../../../extension/cli/exit-codes.ts';
import { filterMatchCommand } from '../../../../../extension/cli/commands/filter-match.ts';
import { parseCommandLine } from '../../../../../extension/cli/command-line.ts';
import { Collected, FakeProcess } from '../../../../support/agent/fake-trace.ts';
import { differences, readJsonDocs } from '../../../../support/json-docs.ts';
import { pcapFile } from '../../../../support/packets/capture-file.ts';
import { makeFilterDist } from '../../../../support/filter/filter-library.ts';

const dir = mkdtempSync(join(tmpdir(), 'packet-trace-match-'));
const pcap = join(dir, 'file.pcap');
const documented = readJsonDocs();
let distDir: string;

/** An IPv4 packet of a protocol, with nothing in it. */
const ip = (protocol: number) => ({
  data: Buffer.from([0x45, 0, 0, 20, 0, 0, 0, 0, 64, protocol, ...Buffer.alloc(10)]),
});

before(async () => {
  distDir = await makeFilterDist();
  writeFileSync(pcap, pcapFile(101, [ip(6), ip(17), ip(6), ip(1)]));
});
after(() => {
  for (const folder of [dir, distDir]) rmSync(folder, { recursive: true });
});

async function run(args: string[], input = ''): Promise<{ code: ExitCode; stdout: string; stderr: string }> {
  const stdout = new Collected();
  const { environment, stdin, stderr } = new FakeProcess(stdout);
  const command = parseCommandLine(['filter', 'match', ...args]);
  assert.ok(command.name === 'filter match');
  stdin.end(input);
  const code = await filterMatchCommand(command, { ...environment, distDir });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

const objects = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('prints the numbers of the packets', async () => {
  const matching = ['--pcap', pcap];
  assert.equal((await run([...matching, 'ip', 'proto', '6'])).stdout, '2 of 4 packets match: 1 3\n');
  assert.equal((await run([...matching, 'icmp'])).stdout, '1 of 4 packets matches: 4\n');
  assert.equal((await run([...matching, 'ip6'])).stdout, '0 of 4 packets match\n');
  assert.equal((await run(matching)).stdout, '4 of 4 packets match: 1 2 3 4\n');
});

test('warns on standard error', async () => {
  const { code, stdout, stderr } = await run(['--pcap', pcap, 'arp']);
  assert.deepEqual([code, stdout], [ExitCode.Ok, '0 of 4 packets match\n']);
  assert.match(stderr, /warning: .*without an Ethernet header/);
});

test('prints the documented object', async () => {
  const { stdout } = await run(['--pcap', pcap, '--json', 'udp']);
  const [object] = objects(stdout);
  assert.deepEqual(differences(object!, documented), []);
  assert.deepEqual(object, {
    type: 'match',
    schema: 2,
    filter: 'udp',
    packets: 4,
    matches: [2],
    warnings: [],
    error: null,
  });
});

test('takes filters from standard input and goes on after a bad one', async () => {
  const { code, stdout } = await run(['--pcap', pcap, '-'], 'tcp\nudp port\n\nudp');
  assert.equal(code, ExitCode.Ok);
  const answers = objects(stdout);
  assert.deepEqual(
    answers.map(({ filter, matches }) => [filter, matches]),
    [
      ['tcp', [1, 3]],
      ['udp port', null],
      ['', [1, 2, 3, 4]],
      ['udp', [2]],
    ],
  );
  for (const answer of answers) assert.deepEqual(differences(answer, documented), []);
  assert.equal((answers[1]?.error as { code: string }).code, 'filter');
});

test('fails with a code of its own for a bad filter, a missing file, and wrong options', async () => {
  assert.equal((await run(['--pcap', pcap, 'udp port'])).code, ExitCode.Usage);
  const { code, stdout, stderr } = await run(['--pcap', join(dir, 'absent'), '--json', 'udp']);
  assert.equal(code, ExitCode.Usage);
  assert.equal(objects(stdout)[0]?.code, 'pcap-file');
  assert.match(stderr, /absent" cannot be read/);
  assert.throws(() => parseCommandLine(['filter', 'match', 'udp']), /--pcap FILE/);
  assert.throws(
    () => parseCommandLine(['filter', 'match', '--pcap', 'x', '--backend', 'kprobe']),
    /no option --backend/,
  );
  assert.throws(() => parseCommandLine(['filter', 'mach']), /does not know "mach"/);
});

import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { RawFrame } from '../../../../../../extension/kernel-source/symbolizer/resolver.ts';
import { ToolAnswers } from '../../../../../../extension/kernel-source/symbolizer/tools/answers.ts';
import { ToolResolver } from '../../../../../../extension/kernel-source/symbolizer/tools/tool-resolver.ts';

const ELFUTILS = `0xffffffff8183e1a0
NF_HOOK inlined at build/net/ipv4/ip_input.c:569:9 in ip_rcv
build/include/linux/../linux/netfilter.h:301:5
ip_rcv
build/net/ipv4/ip_input.c:569:9
0x0000000000000000
??
??:0
0xffffffff81000000
_stext
??:0
0x0000000000000000
`;
const LLVM = `0xffffffff8183e1a0
NF_HOOK
build/include/linux/netfilter.h:301:5
ip_rcv
build/net/ipv4/ip_input.c:569:9 (discriminator 2)

0x0
??
??:0:0

0xffffffff81000000
_stext
??:0:0

0x0
`;
const FRAMES: RawFrame[] = [
  { function: 'NF_HOOK', file: 'build/include/linux/netfilter.h', line: 301 },
  { function: 'ip_rcv', file: 'build/net/ipv4/ip_input.c', line: 569 },
];

test('the output of both tools, however it is cut', () => {
  fc.assert(
    fc.property(fc.constantFrom(ELFUTILS, LLVM), fc.array(fc.nat(40)), (output, sizes) => {
      const found: RawFrame[][] = [];
      const answers = new ToolAnswers((frames) => found.push(frames));
      let at = 0;
      for (const size of [...sizes, output.length]) answers.add(output.slice(at, (at += size)));
      assert.deepEqual(found, [FRAMES, [], []]);
    }),
  );
});

let dir = '';
const path = process.env.PATH;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kernel-tools-'));
  process.env.PATH = `${dir}${delimiter}${path}`;
});
after(async () => {
  process.env.PATH = path;
  await rm(dir, { recursive: true });
});

async function putTool(script: string): Promise<void> {
  const file = join(dir, 'eu-addr2line');
  await writeFile(file, `#!/bin/sh\necho $$ > ${dir}/pid\n${script}\n`);
  await chmod(file, 0o755);
}

test('a tool that does not answer is ended', { timeout: 30_000 }, async () => {
  await putTool('exec sleep 600');
  const tool = new ToolResolver('eu-addr2line', 'vmlinux', 1000);
  await assert.rejects(tool.resolve(1), { name: 'LinesError', message: /no answer in 1 s/ });
  const pid = Number(await readFile(join(dir, 'pid'), 'utf8'));
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      break; // it is gone
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

test('a tool that ends early, and a question that is cancelled', async () => {
  await putTool('exit 3');
  const ended = new ToolResolver('eu-addr2line', 'vmlinux');
  await assert.rejects(ended.resolve(1), { name: 'LinesError', message: /ended with 3/ });
  await putTool('exec sleep 600');
  const tool = new ToolResolver('eu-addr2line', 'vmlinux');
  const abort = new AbortController();
  const answer = tool.resolve(1, abort.signal);
  abort.abort();
  await assert.rejects(answer, { name: 'AbortError' });
  const other = tool.resolve(2);
  tool.dispose();
  await assert.rejects(other, { name: 'LinesError', message: /stopped/ });
});

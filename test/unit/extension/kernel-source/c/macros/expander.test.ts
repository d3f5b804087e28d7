import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, test } from 'node:test';
import { buildIndex } from '../../../../../../extension/kernel-source/index/build.ts';
import { SourceIndex } from '../../../../../../extension/kernel-source/index/source-index.ts';
import { writeTree } from '../../../../../support/source/source-tree.ts';

const made: string[] = [];
after(() => Promise.all(made.map((dir) => rm(dir, { recursive: true }))));

/** `path:line` of every definition of a name in a tree of these files. */
async function indexed(files: Record<string, string>): Promise<(name: string) => string[]> {
  const root = await writeTree(files);
  made.push(root);
  const index = new SourceIndex(buildIndex(root));
  return (name) => index.definitions(name).map(({ path, line }) => `${path}:${line + 1}`);
}

test('a macro makes functions, with a body after its use or in itself', async () => {
  const find = await indexed({
    'include/linux/calls.h':
      '#define CALL_2(name, ...) CALL_x(2, _##name, __VA_ARGS__)\n' +
      '#define CALL_x(x, sname, ...) \\\n\tMETADATA(sname) \\\n\t__STUB(x64, sys##sname) \\\n' +
      '\tstatic long __do_sys##sname(MAP(x, __VA_ARGS__))\n' +
      '#define METADATA(n) static struct meta meta##n = { 1 };\n' +
      '#define __STUB(abi, name) long __##abi##_##name(void) { return __do_##name(); }\n',
    'net/a.c': '#include <linux/calls.h>\n\nCALL_2(bind, int, fd)\n{\n\treturn fd;\n}\n',
  });
  assert.deepEqual(find('__x64_sys_bind'), ['net/a.c:3']);
  assert.deepEqual(find('__do_sys_bind'), ['net/a.c:3']);
  assert.deepEqual(find('CALL_2'), []);
});

test('uses in a header are expanded with the definitions of the files that include it', async () => {
  const find = await indexed({
    'include/linux/hooks.h': 'HOOK(int, 0, send, int a)\nHOOK(int, 0, receive, int a)\n',
    'kernel/bpf/bpf_hooks.c':
      '#define HOOK(RET, DEFAULT, NAME, ...) RET bpf_##NAME(__VA_ARGS__) { return DEFAULT; }\n' +
      '#include <linux/hooks.h>\n#undef HOOK\n',
    'security/other.c': '#define HOOK(RET, DEFAULT, NAME, ...) int unrelated_##NAME;\n',
  });
  assert.deepEqual(find('bpf_receive'), ['include/linux/hooks.h:2']);
  assert.deepEqual(find('unrelated_send'), []);
});

test('a template header has a function for each file that includes it', async () => {
  const find = await indexed({
    'net/set/gen.h':
      '#define PASTE(a, b) __PASTE(a, b)\n#define __PASTE(a, b) a##b\n' +
      '#define mtype_list PASTE(MTYPE, _list)\n\nstatic int\nmtype_list(struct sk_buff *skb)\n{\n\treturn 0;\n}\n',
    'net/set/ip.c':
      '#define MTYPE hash_ip4\n#include "gen.h"\n#undef MTYPE\n#define MTYPE hash_ip6\n#include "gen.h"\n',
    'net/set/port.c': '#define MTYPE hash_port\n#include "gen.h"\n',
    'arch/x86/tmpl.h': 'static int FNAME(fetch)(int a)\n{\n\treturn a;\n}\n',
    'arch/x86/mmu.c': '#define FNAME(name) paging64_##name\n#include "tmpl.h"\n',
  });
  for (const name of ['hash_ip4_list', 'hash_ip6_list', 'hash_port_list'])
    assert.deepEqual(find(name), ['net/set/gen.h:6'], name);
  assert.deepEqual(find('paging64_fetch'), ['arch/x86/tmpl.h:1']);
});

test('a macro that is given another macro, and one that is another name of a macro', async () => {
  const find = await indexed({
    'net/a.c':
      '#define EACH2(FN, a, b) FN(a) FN(b)\n#define DEFINE_RUN(size) int run##size(void) { return size; }\n' +
      'EACH2(DEFINE_RUN, 32, 64)\n#define DEFINE_OTHER DEFINE_RUN\nDEFINE_OTHER(96);\n',
  });
  assert.deepEqual(find('run32'), ['net/a.c:3']);
  assert.deepEqual(find('run64'), ['net/a.c:3']);
  assert.deepEqual(find('run96'), ['net/a.c:5']);
});

test('a template that is included twice, with a number between', async () => {
  const find = await indexed({
    'kernel/template.h':
      '#define PASTE(a, b) __PASTE(a, b)\n#define __PASTE(a, b) a##b\n' +
      '#define FN(name) PASTE(PASTE(number, T), PASTE(_, name))\n\nint FN(add)(int a)\n{\n\treturn a;\n}\n',
    'kernel/number.c':
      '#define T 32\n#include "template.h"\n#undef T\n#define T 64\n#include "template.h"\n#undef T\n#define SIZE 8\n',
  });
  assert.deepEqual(find('number32_add'), ['kernel/template.h:5']);
  assert.deepEqual(find('number64_add'), ['kernel/template.h:5']);
});

test('a name whose parts other headers define', async () => {
  const find = await indexed({
    'include/net/named.h':
      '#define PASTE(a, b) a##b\n#define NAME(a, b) PASTE(a, b)\n#define HANDLER(id) NAME(MODULE, _handler_##id)\n',
    'net/a/module.h': '#define MODULE a_mod\n#include <net/named.h>\n',
    'net/a/a.c': '#include "module.h"\nstatic int HANDLER(open)(int a)\n{\n\treturn a;\n}\n',
    'net/b/module.h': '#define MODULE b_mod\n#include <net/named.h>\n',
    'net/b/b.c': '#include "module.h"\nstatic int HANDLER(open)(int a)\n{\n\treturn a;\n}\n',
    'net/c/template.h': 'int NAME(PREFIX, run)(int a)\n{\n\treturn a;\n}\n',
    'net/c/middle.h': '#define PREFIX PASTE(KIND, _)\n#include "template.h"\n',
    'net/c/c.c': '#define KIND fast\n#include <net/named.h>\n#include "middle.h"\n',
    'include/linux/family.h': '#define FAMILY kin\n',
    'net/d/d.c':
      '#define REGISTER(group) int NAME(FAMILY, _##group)(struct sk_buff *skb) { return 0; }\nREGISTER(events)\n',
  });
  assert.deepEqual(find('a_mod_handler_open'), ['net/a/a.c:2']);
  assert.deepEqual(find('b_mod_handler_open'), ['net/b/b.c:2']);
  assert.deepEqual(find('fast_run'), ['net/c/template.h:1']);
  assert.deepEqual(find('kin_events'), ['net/d/d.c:2']);
});

test('a source that another includes has names by both', async () => {
  const find = await indexed({
    'lib/plain.c':
      '#ifndef SAFE\n#define SAFE(name) name\n#endif\nint SAFE(compress)(int a)\n{\n\treturn a;\n}\n' +
      'static int start(void)\n{\n\treturn 0;\n}\n',
    'lib/safe.c': '#define SAFE(name) name##_safe\n#define start safe_start\n#include "plain.c"\n',
  });
  assert.deepEqual(find('compress'), ['lib/plain.c:4']);
  assert.deepEqual(find('compress_safe'), ['lib/plain.c:4']);
  assert.deepEqual(find('start'), ['lib/plain.c:8']);
  assert.deepEqual(find('safe_start'), ['lib/plain.c:8']);
});

test('another name of a macro that depends on options, and words of a type in an argument', async () => {
  const find = await indexed({
    'net/a.c':
      '#define DEFINE_RUN(name) void run_##name(void) { }\n#define NO_RUN(name)\n' +
      '#ifdef CONFIG_A\n#define DEFINE_MAYBE DEFINE_RUN\n#else\n#define DEFINE_MAYBE NO_RUN\n#endif\n' +
      'DEFINE_MAYBE(one)\n#define DEFINE_TIMER(name) void name(int a) { }\nDEFINE_TIMER(static timer_a);\n',
  });
  assert.deepEqual(find('run_one'), ['net/a.c:8']);
  assert.deepEqual(find('timer_a'), ['net/a.c:10']);
});

test('a macro that expands to itself ends', async () => {
  const find = await indexed({
    'net/a.c': '#define A(x) B(x) int f_##x(void) {}\n#define B(x) A(x)\nA(one)\nA(two);\n',
  });
  assert.deepEqual(find('f_one'), ['net/a.c:3']);
});

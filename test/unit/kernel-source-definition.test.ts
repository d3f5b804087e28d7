import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDefinitions } from '../../extension/kernel-source/definition.ts';
import { isFunctionName, sourceName } from '../../extension/kernel-source/symbol.ts';

/** One-based lines of the definitions of `target` in the code. */
const lines = (code: string) => findDefinitions(code, 'target').map(({ line }) => line + 1);

const DEFINITIONS: Record<string, string> = {
  plain: 'int target(struct sk_buff *skb)\n{\n}\n',
  'brace on the same line': 'void target(void) {\n}\n',
  'pointer result': 'struct sk_buff *target(struct sk_buff *skb, gfp_t mask)\n{\n',
  'parameters on several lines': 'static int target(struct net *net,\n\t\t  struct sk_buff *skb)\n{\n',
  'attributes before': 'static __always_inline __printf(1, 2) int target(const char *fmt, ...)\n{\n',
  'attributes after':
    'static void *target(struct seq_file *seq)\n\t__acquires(RCU)\n\t__releases(&x->lock)\n{\n',
  'comment between': 'int target(int a /* ) { ; */, int b) // why\n{\n',
  'function pointer parameter': 'int target(int (*okfn)(struct net *, struct sk_buff *))\n{\n',
  'macro in the type': 'INDIRECT_CALLABLE_SCOPE int target(struct sk_buff *skb)\n{\n',
};

for (const [name, code] of Object.entries(DEFINITIONS))
  test(`definition: ${name}`, () => assert.deepEqual(lines(code), [1]));

test('definition: return type on the lines above', () => {
  assert.deepEqual(lines('static noinline int\ntarget(struct sk_buff *skb)\n{\n'), [2]);
  assert.deepEqual(lines('EXPORT_SYMBOL(x);\n\nvoid __fix_address\ntarget(struct sock *sk)\n{\n'), [4]);
  assert.deepEqual(lines('#ifdef CONFIG_NET\nstatic struct sk_buff *\n\ttarget(int a)\n{\n'), [3]);
});

test('definition: both branches of an #ifdef', () => {
  const code =
    '#ifdef A\nint target(int a)\n{\n}\n#else\nstatic inline int target(int a) { return 0; }\n#endif\n';
  assert.deepEqual(lines(code), [2, 6]);
});

const OTHERS: Record<string, string> = {
  prototype: 'int target(struct sk_buff *skb);\n',
  'prototype with attributes': 'int target(const char *fmt, ...) __printf(1, 2);\n',
  call: 'int other(void)\n{\n\tif (target(skb)) {\n\t}\n\treturn target(skb);\n}\n',
  'call at the start of a line': 'int other(void)\n{\nout:\ntarget(skb);\n}\n',
  'loop macro': 'int other(void)\n{\n\ttarget(pos, head) {\n\t}\n}\n',
  'else branch': 'else target(x) {\n}\n',
  macro: '#define target(x) {\n',
  export: 'EXPORT_SYMBOL(target);\nstruct x {\n};\n',
  'function pointer field': 'struct ops {\n\tint (*target)(struct sk_buff *skb);\n};\n',
  initialiser: 'static struct ops o = {\n\t.rx = target,\n};\n',
  'part of a longer name': 'int target_v6(int a)\n{\n}\nint my_target(int a)\n{\n}\n',
  comment: '/**\n * target(): does\n * target (struct x)\n */\nint other(int a)\n{\n}\n',
  'macro call at file scope': 'DEFINE_THING(int, target(x)) {\n',
  'type definition': 'typedef int target(int a);\n',
};

for (const [name, code] of Object.entries(OTHERS))
  test(`no definition: ${name}`, () => assert.deepEqual(lines(code), []));

test('the place is that of the name', () => {
  const [place] = findDefinitions('\nstatic int target(void)\n{\n', 'target');
  assert.deepEqual(place, { line: 1, column: 11 });
});

test('a symbol loses what compilers and stack traces add', () => {
  for (const symbol of [
    'tcp_filter',
    'tcp_filter.isra.0',
    'tcp_filter.constprop.0.isra.1',
    'tcp_filter.part.0.cold',
    'tcp_filter.llvm.1234567890',
    'tcp_filter+0x1b/0xc0 [nf_tables]',
    ' tcp_filter.cold+0x5',
  ])
    assert.equal(sourceName(symbol), 'tcp_filter', symbol);
});

test('names of C functions', () => {
  for (const name of ['ip_rcv', '__skb_clone', 'x2']) assert.ok(isFunctionName(name), name);
  for (const name of ['', '2x', 'a-b', '0xffffffff81000000', 'a b']) assert.ok(!isFunctionName(name), name);
});

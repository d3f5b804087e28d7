import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FunctionFlag } from '../../../../../../extension/kernel-source/c/scanner/facts.ts';
import { scanFile } from '../../../../../../extension/kernel-source/c/scanner/scan-file.ts';
import { isFunctionName, sourceName } from '../../../../../../extension/base/symbol.ts';

const scan = (code: string, isHeader = false) => scanFile(Buffer.from(code, 'latin1'), isHeader);
/** One-based lines of the definitions of `target` in the code. */
const lines = (code: string) =>
  scan(code)
    .functions.filter(({ name }) => name === 'target')
    .map(({ line }) => line + 1);

const DEFINITIONS: Record<string, string> = {
  plain: 'int target(struct sk_buff *skb)\n{\n}\n',
  'brace on the same line': 'void target(void) {\n}\n',
  'all on one line': 'static inline int target(void) { return 0; }\n',
  'pointer result': 'struct sk_buff *target(struct sk_buff *skb, gfp_t mask)\n{\n}\n',
  'parameters on several lines': 'static int target(struct net *net,\n\t\t  struct sk_buff *skb)\n{\n}\n',
  'attributes before': 'static __always_inline __printf(1, 2) int target(const char *fmt, ...)\n{\n}\n',
  'attributes after': 'static void *target(struct seq_file *s)\n\t__acquires(RCU)\n\t__releases(&x)\n{\n}\n',
  'comment between': 'int target(int a /* ) { ; */, int b) // why\n{\n}\n',
  'function pointer parameter': 'int target(int (*okfn)(struct net *, struct sk_buff *))\n{\n}\n',
  'function pointer result': 'static int (*target(int a))(struct sk_buff *)\n{\n}\n',
  'name in parentheses': 'void (target)(int a)\n{\n}\n',
  'macro in the type': 'INDIRECT_CALLABLE_SCOPE int target(struct sk_buff *skb)\n{\n}\n',
  'alias of another function': 'long target(const struct pt_regs *regs) __alias(other);\n',
};

for (const [name, code] of Object.entries(DEFINITIONS))
  test(`definition: ${name}`, () => assert.deepEqual(lines(code), [1]));

test('definition: return type on the lines above', () => {
  assert.deepEqual(lines('static noinline int\ntarget(struct sk_buff *skb)\n{\n}\n'), [2]);
  assert.deepEqual(lines('EXPORT_SYMBOL(x);\n\nvoid __fix_address\ntarget(struct sock *sk)\n{\n}\n'), [4]);
});

const OTHERS: Record<string, string> = {
  prototype: 'int target(struct sk_buff *skb);\n',
  'prototype with attributes': 'int target(const char *fmt, ...) __printf(1, 2);\n',
  call: 'int other(void)\n{\n\tif (target(skb)) {\n\t}\n\treturn target(skb);\n}\n',
  'call at the start of a line': 'int other(void)\n{\nout:\ntarget(skb);\n}\n',
  macro: '#define target(x) {\n',
  'function pointer field': 'struct ops {\n\tint (*target)(struct sk_buff *skb);\n};\n',
  initialiser: 'static struct ops o = {\n\t.rx = target,\n};\n',
  'part of a longer name': 'int target_v6(int a)\n{\n}\nint my_target(int a)\n{\n}\n',
  comment: '/**\n * target(): does\n */\nint other(int a)\n{\n}\n',
  'type definition': 'typedef int target(int a);\n',
};

for (const [name, code] of Object.entries(OTHERS))
  test(`no definition: ${name}`, () => assert.deepEqual(lines(code), []));

const BEFORE: Record<string, string> = {
  'a table that does not close in column one': 'static struct x a = {\n\t1, {2, 3} };\n',
  'a brace in a string': 'int f(void)\n{\n\tputs("{");\n}\nstatic int g(void) { return \'{\'; }\n',
  'branches with a brace each': 'int f(void) {\n#ifdef A\n\tif (a) {\n#else\n\tif (b) {\n#endif\n\t}\n}\n',
  'an apostrophe in #error': "#error don't\n",
  'a comment that goes on after a directive': '#define X 1 /* it\n { goes on */\n',
  'a macro use without semicolon': 'DEFINE_IT(a)\n',
  'names of macros without arguments': '#define A_LIST EM(a)\nA_LIST\nB_LIST\n',
};

for (const [name, code] of Object.entries(BEFORE))
  test(`a definition is found after ${name}`, () => {
    const line = code.split('\n').length;
    assert.deepEqual(lines(`${code}int target(int a)\n{\n}\n`), [line]);
  });

test('uses of macros: after a word that stands alone, and with attributes before the body', () => {
  const uses = (code: string) => scan(code).invocations.map(({ macro, hasBody }) => [macro, hasBody]);
  assert.deepEqual(uses('LIST_xxx\n#undef LIST\n\nCALL_1(f, int, a)\n{\n}\n'), [['CALL_1', true]]);
  assert.deepEqual(uses('static CALLBACK(f)\n\t__releases(&lock)\n{\n}\n'), [['CALLBACK', true]]);
  assert.deepEqual(lines('struct table tables[2];\nLIST_xxx\n\nint target(int a)\n{\n}\n'), [4]);
});

test('arguments of macros: braces at the beginning of a line, lines that go on', () => {
  const uses = (code: string) => scan(code).invocations.map(({ arguments: values }) => values.slice(0, 2));
  assert.deepEqual(uses('REQUEST(f, u8, {\n\t.a = 1,\n});\n'), [['f', 'u8']]);
  assert.deepEqual(uses('REQUEST(f, {\n\t.a = 1,\n}, u8);\n').length, 1);
  assert.deepEqual(uses('EVENT(class, \\\n\tname, \\\n\tint a \\\n);\n'), [['class', 'name']]);
  assert.deepEqual(lines('int broken(int a\n{\n}\nint target(int a)\n{\n}\nint b);\n'), [4]);
});

test('weak definitions, as a word and as an attribute', () => {
  const isWeak = (code: string) => ((scan(code).functions[0]?.flags ?? 0) & FunctionFlag.Weak) !== 0;
  assert.equal(isWeak('int __weak f(int a)\n{\n}\n'), true);
  assert.equal(isWeak('bool __attribute__((weak)) f(int a)\n{\n}\n'), true);
  assert.equal(isWeak('int __attribute__((noinline)) f(int weak)\n{\n}\n'), false);
});

test('a number is a macro only where it is undefined again', () => {
  const macros = (code: string) => scan(code).macros.map(({ name, body }) => `${name} ${body}`);
  assert.deepEqual(macros('#define T 32\n#include "t.h"\n#undef T\n#define SIZE 8\n#undef OTHER\n'), [
    'T 32',
  ]);
});

test('conditions, flags and the last line of a definition', () => {
  const code =
    '#ifndef H\n#define H\n#ifdef CONFIG_A\nint f(struct sk_buff *s)\n{\n\tint a;\n\n\ta = 1;\n\treturn a;\n}\n' +
    '#else\nstatic inline int f(int a) { return 0; }\n#endif\nint __weak g(void)\n{\n}\n#endif\n';
  const [real, stub, weak] = scan(code, true).functions;
  assert.deepEqual(
    [real?.condition, real?.line, real?.lastLine, real?.flags],
    ['defined(CONFIG_A)', 3, 9, FunctionFlag.TakesSkb],
  );
  assert.equal(stub?.condition, '!defined(CONFIG_A)');
  assert.equal(stub.flags, FunctionFlag.Static | FunctionFlag.Inline | FunctionFlag.Stub);
  assert.equal(weak?.condition, '');
  assert.ok((weak.flags & FunctionFlag.Weak) !== 0);
});

test('a macro use has the conditions of its beginning, not those that the next directive makes', () => {
  const code =
    '#ifdef CONFIG_A\nDEFINE_CALL(f, int, a)\n#elif defined(CONFIG_B)\nDEFINE_CALL(f, long, a)\n#else\n' +
    'DEFINE_CALL(f, char, a)\n#endif\n{\n}\n';
  const uses = scan(code).invocations.map(({ line, condition, hasBody }) => [line, condition, hasBody]);
  assert.deepEqual(uses, [
    [1, 'defined(CONFIG_A)', false],
    [3, '!defined(CONFIG_A) && (defined(CONFIG_B))', false],
    [5, '', true], // the body belongs to all branches
  ]);
});

test('macros that are called inline are', () => {
  const isInline = (word: string) => {
    const [f] = scan(`${word} int f(int a)\n{\n}\n`).functions;
    return ((f?.flags ?? 0) & FunctionFlag.Inline) !== 0;
  };
  for (const word of ['inline', '__FORTIFY_INLINE', 'STATIC_INLINE', 'force_inline'])
    assert.equal(isInline(word), true, word);
  for (const word of ['noinline', '__no_inline', 'inlined_type']) assert.equal(isInline(word), false, word);
});

test('a symbol loses what compilers and stack traces add', () => {
  for (const symbol of [
    'tcp_filter',
    'tcp_filter.isra.0',
    'tcp_filter.constprop.0.isra.1',
    'tcp_filter.part.0.cold',
    'tcp_filter.llvm.1234567890',
    '__pfx_tcp_filter',
    '__cfi_tcp_filter',
    'tcp_filter+0x1b/0xc0 [nf_tables]',
    ' tcp_filter.cold+0x5',
  ])
    assert.equal(sourceName(symbol), 'tcp_filter', symbol);
});

test('names of C functions', () => {
  for (const name of ['ip_rcv', '__skb_clone', 'x2']) assert.ok(isFunctionName(name), name);
  for (const name of ['', '2x', 'a-b', '0xffffffff81000000', 'a b']) assert.ok(!isFunctionName(name), name);
});

test('whatever the text, the scan ends, and lines are lines of the text', () => {
  const parts = [
    'int f(int a)',
    '\n{',
    '\n}',
    '\n',
    '#if A',
    '#define M(a) f(a',
    '\\',
    '/*',
    '*/',
    '//',
    '"',
    "'",
  ];
  const texts = fc.array(fc.constantFrom(...parts, ' ', '(', ')', '{', '}', ';', '=', ',', 'M(x)', '#endif'));
  fc.assert(
    fc.property(texts, fc.boolean(), (pieces, isHeader) => {
      const text = pieces.join('');
      const { functions, invocations } = scan(text, isHeader);
      const last = text.split('\n').length - 1;
      for (const { line, lastLine } of [...functions, ...invocations])
        assert.ok(line >= 0 && line <= lastLine && lastLine <= last, JSON.stringify(text));
    }),
    { numRuns: 2000 },
  );
});

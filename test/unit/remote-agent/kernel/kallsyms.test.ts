import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { functionSymbols, scanSymbols, textSymbols } from '../../../../remote-agent/kernel/kallsyms.ts';

const KALLSYMS = `ffffffff81000000 T _stext
ffffffff81000010 t ip_rcv_finish
ffffffff81000020 T ip_rcv
ffffffff81000030 t ip_rcv_finish
ffffffff81000040 t ip_frag.constprop.0
ffffffff81000050 t ip_frag.constprop.0.isra.1
ffffffff81000060 t ip_frag.cold
ffffffff81000070 t ip_frag.part.0
ffffffff81000080 d ip_rcv
ffffffff81000090 W ip_rcvx
ffffffff810000a0 w weak_one
ffffffff810000b0 t ip_one.llvm.123456
ffffffffc0000000 t ip_rcv\t[nf_tables]
`;

const addressesOf = (names: string[]) =>
  scanSymbols(Buffer.from(KALLSYMS), names).map(({ address }) => Number(address & 0xffffn));

test('finds functions of the kernel and of modules', () => {
  assert.deepEqual(scanSymbols(Buffer.from(KALLSYMS), ['ip_rcv', 'weak_one']), [
    { address: 0xffffffff81000020n, name: 'ip_rcv', source: 'ip_rcv', module: '' },
    { address: 0xffffffff810000a0n, name: 'weak_one', source: 'weak_one', module: '' },
    { address: 0xffffffffc0000000n, name: 'ip_rcv', source: 'ip_rcv', module: 'nf_tables' },
  ]);
});

test('keeps every address of a name', () => {
  assert.deepEqual(addressesOf(['ip_rcv_finish']), [0x10, 0x30]);
});

test('takes the compiler’s variants of a function, not pieces of it', () => {
  assert.deepEqual(
    scanSymbols(Buffer.from(KALLSYMS), ['ip_frag', 'ip_one']).map(({ name, source }) => [name, source]),
    [
      ['ip_frag.constprop.0', 'ip_frag'],
      ['ip_frag.constprop.0.isra.1', 'ip_frag'],
      ['ip_one.llvm.123456', 'ip_one'],
    ],
  );
});

test('a name in the list with its suffix is found as such', () => {
  assert.deepEqual(
    scanSymbols(Buffer.from(KALLSYMS), ['ip_frag', 'ip_frag.constprop.0']).map(({ source }) => source),
    ['ip_frag.constprop.0', 'ip_frag'],
  );
});

test('finds exactly the wanted names, whatever they are', () => {
  const name = fc.stringMatching(/^[a-z_]{1,4}$/);
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { maxLength: 60 }),
      fc.uniqueArray(name, { maxLength: 60 }),
      (all, wanted) => {
        const text = all.map((entry, index) => `${(index + 1).toString(16).padStart(16, '0')} t ${entry}\n`);
        const found = scanSymbols(Buffer.from(text.join('')), wanted).map((symbol) => symbol.name);
        assert.deepEqual(
          found,
          all.filter((entry) => wanted.includes(entry)),
        );
      },
    ),
  );
});

test('addresses that are hidden are an error that says what to do', () => {
  const hidden = Buffer.from('0000000000000000 T ip_rcv\n');
  assert.throws(() => functionSymbols(hidden, ['ip_rcv']), { code: 'no-privilege', remedy: /root/ });
  assert.deepEqual(functionSymbols(hidden, ['absent']), []);
});

test('keeps the lines of functions alone', () => {
  const without = KALLSYMS.split('\n').filter((line) => !line.includes(' d '));
  assert.equal(textSymbols(Buffer.from(KALLSYMS)).toString(), without.join('\n'));
  assert.equal(textSymbols(Buffer.from(KALLSYMS.trimEnd())).toString(), without.join('\n').trimEnd());
});

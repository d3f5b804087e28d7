import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { hiddenAddresses } from '../../../../remote-agent/kernel/hidden-addresses.ts';

/** A folder like /proc. @param kallsyms undefined: it has none */
function procfs(context: TestContext, kallsyms: string | undefined, kptrRestrict: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'procfs-'));
  context.after(() => rmSync(dir, { recursive: true }));
  mkdirSync(join(dir, 'sys/kernel'), { recursive: true });
  writeFileSync(join(dir, 'sys/kernel/kptr_restrict'), `${kptrRestrict}\n`);
  if (kallsyms !== undefined) writeFileSync(join(dir, 'kallsyms'), kallsyms);
  return dir;
}

/** Variables per CPU, which lie at 0 and up. */
const PER_CPU = '0000000000000000 A fixed_percpu_data\n0000000000001000 A cpu_debug_store\n';
const SHOWN = `${PER_CPU}ffffffff81000000 T startup_64\nffffffff81000040 T secondary_startup_64\n`;
const HIDDEN = SHOWN.replace(/^[0-9a-f]{16}/gm, '0000000000000000');

test('shown', (context) => {
  assert.equal(hiddenAddresses(procfs(context, SHOWN, '1')), undefined);
  assert.equal(hiddenAddresses(procfs(context, 'ffff800080000000 T _text\n', '1')), undefined);
});

test('hidden from everybody: the switch is named, with what sets it', (context) => {
  const hidden = hiddenAddresses(procfs(context, HIDDEN, '2'));
  assert.match(hidden?.detail ?? '', /kernel\.kptr_restrict is 2/);
  assert.equal(hidden?.remedy, 'As root: sysctl kernel.kptr_restrict=1');
});

test('hidden from us: a capability is missing, and the switch is not at fault', (context) => {
  const hidden = hiddenAddresses(procfs(context, HIDDEN, '1'));
  assert.doesNotMatch(hidden?.detail ?? '', /kptr_restrict/);
  assert.match(hidden?.remedy ?? '', /CAP_SYSLOG/);
});

test('a kernel without a list of its functions', (context) => {
  assert.match(hiddenAddresses(procfs(context, undefined, '1'))?.remedy ?? '', /CONFIG_KALLSYMS/);
});

test('addresses of variables alone are not those of functions', (context) => {
  assert.notEqual(hiddenAddresses(procfs(context, PER_CPU, '1')), undefined);
});

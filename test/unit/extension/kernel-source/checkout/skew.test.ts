import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compareSource,
  parseMakefileVersion,
  parseProcVersion,
} from '../../../../../extension/kernel-source/checkout/skew.ts';

const DEBIAN =
  'Linux version 6.1.0-56-cloud-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)';
const functions = Array.from({ length: 100 }, (_, number) => `f${number}`);

test('the version of a checkout', () => {
  const makefile =
    '# SPDX\nVERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 192\nEXTRAVERSION =\nNAME = Curry Ramen\n';
  assert.deepEqual(parseMakefileVersion(makefile), { version: '6.1.192', extra: '' });
  assert.equal(parseMakefileVersion('all:\n'), undefined);
});

test('the version of a target is not always in its release', () => {
  assert.equal(parseProcVersion(DEBIAN)?.version, '6.1.192');
  assert.match(parseProcVersion(DEBIAN)?.source ?? '', /linux-source-6\.1 6\.1\.192-2.*v6\.1\.192/);
  const ubuntu = parseProcVersion('Linux version 5.15.0-91-generic (buildd@a) (gcc) #101-Ubuntu SMP');
  assert.match(ubuntu?.source ?? '', /Ubuntu-5\.15\.0-91\.101/);
  const fedora = parseProcVersion('Linux version 6.8.5-301.fc40.x86_64 (mockbuild@a) (gcc) #1 SMP');
  assert.match(fedora?.source ?? '', /kernel-6\.8\.5-301\.fc40\.x86_64/);
  assert.match(parseProcVersion('Linux version 6.9.0 (me@a) #1')?.source ?? '', /v6\.9$/);
  assert.equal(parseProcVersion('FreeBSD 14'), undefined);
});

test('a checkout of the same version that has the functions is the source', () => {
  const target = parseProcVersion(DEBIAN);
  const checkout = { version: '6.1.192', extra: '' };
  assert.equal(compareSource(checkout, target, functions, () => true).level, 'same');
  const few = compareSource(checkout, target, functions, (name) => name !== 'f7');
  assert.equal(few.level, 'same');
});

test('another stable release is near, another series or other functions are not', () => {
  const target = parseProcVersion(DEBIAN);
  const near = compareSource({ version: '6.1.170', extra: '' }, target, functions, () => true);
  assert.equal(near.level, 'near');
  assert.match(near.message, /6\.1\.170.*6\.1\.192/);
  assert.match(near.remedy, /linux-source-6\.1/);
  assert.equal(compareSource({ version: '6.12.0', extra: '' }, target, functions, () => true).level, 'other');
  const patched = compareSource({ version: '6.1.192', extra: '' }, target, functions, (name) => name > 'f2');
  assert.equal(patched.level, 'other');
  assert.match(patched.message, /of 100 traced functions are not in it \(f0, f1/);
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hostLines } from '../../../../../extension/cli/completion/hosts.ts';

const home = process.env.HOME;
let dir: string;
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'kpt-hosts-'));
  process.env.HOME = dir;
});
after(() => {
  process.env.HOME = home;
  rmSync(dir, { recursive: true, force: true });
});

test('hosts of the SSH configuration, but for what a shell would have to quote', async () => {
  mkdirSync(join(dir, '.ssh'));
  writeFileSync(join(dir, '.ssh/config'), 'Host web1 *.lab "a b" $(x) a;b -x\nHost db-2.lab\n  User root\n');
  const hosts = (await hostLines()).split('\n');
  assert.deepEqual(hosts.slice(0, 2), ['web1', 'db-2.lab']);
  for (const host of hosts) assert.match(host, /^[\w.-]*$/);
});

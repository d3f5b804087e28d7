import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, before, test } from 'node:test';
import { parseCommandLine } from '../../../../../extension/cli/command-line.ts';
import { forgetHostCommand } from '../../../../../extension/cli/commands/forget-host.ts';
import { ExitCode } from '../../../../../extension/cli/exit-codes.ts';
import { hostKeyFile } from '../../../../../extension/target/ssh/host-key-file.ts';

let dir: string;
before(() => (dir = mkdtempSync(join(tmpdir(), 'kpt-forget-'))));
after(() => rmSync(dir, { recursive: true, force: true }));

class Text extends Writable {
  text = '';
  readonly isTTY = false;
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

test('forgets the keys of one host, says so, and knows when there are none', async () => {
  const file = join(dir, 'known_hosts');
  writeFileSync(file, '[vm.invalid]:2222 ssh-ed25519 AAAA\nother.invalid ssh-ed25519 BBBB\n');
  const store = hostKeyFile(file);
  const forget = async (...args: string[]) => {
    const options = parseCommandLine(['forget-host', ...args]);
    assert.ok(options.name === 'forget-host');
    const [stdout, stderr] = [new Text(), new Text()];
    return { code: await forgetHostCommand(options, { stdout, stderr }, store), said: stderr.text };
  };
  const first = await forget('[vm.invalid]:2222');
  assert.equal(first.code, ExitCode.Ok);
  assert.match(first.said, /Forgotten: the ssh-ed25519 key of \[vm\.invalid\]:2222\./);
  assert.equal(readFileSync(file, 'utf8'), 'other.invalid ssh-ed25519 BBBB\n');
  const second = await forget('[vm.invalid]:2222');
  assert.equal(second.code, ExitCode.Usage);
  assert.match(second.said, /No key of \[vm\.invalid\]:2222 was accepted here/);
});

test('which client connects, and what may be said about it', () => {
  const client = (...args: string[]) => {
    const command = parseCommandLine(['check', 'h', ...args]);
    assert.ok(command.name === 'check');
    return command.sshClient;
  };
  assert.equal(client(), 'auto');
  assert.equal(client('--ssh', 'system'), 'system');
  assert.throws(() => client('--ssh', 'putty'), /auto, builtin, system, not "putty"/);
  assert.throws(() => parseCommandLine(['forget-host']), /takes one host/);
});

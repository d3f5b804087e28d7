import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { Status } from '../../../../../extension/cli/output/status.ts';

const CLEAR = '\r\x1b[K';

function said(isTTY: boolean, say: (status: Status) => void, verbose = true): string {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY });
  let clock = 0;
  say(new Status(stream, verbose, () => (clock += 1250)));
  return String(stream.read());
}

test('on a terminal one line changes, elsewhere each stage has a line', () => {
  const work = (status: Status) => {
    status.progress('Uploading (1 of 9 MB)');
    status.progress('Uploading (2 of 9 MB)');
    status.say('Done.');
  };
  assert.equal(said(true, work), `${CLEAR}Uploading (1 of 9 MB)${CLEAR}Uploading (2 of 9 MB)${CLEAR}Done.\n`);
  assert.equal(said(false, work), 'Uploading\nDone.\n');
});

test('verbose: each stage says how long it took, whatever it counted meanwhile', () => {
  const work = (status: Status) => {
    status.progress('Uploading (1 of 9 MB)');
    status.progress('Uploading (2 of 9 MB)');
    status.progress('Starting');
    status.done();
    status.done();
  };
  assert.equal(said(false, work), 'Uploading\nUploading: 1.25 s\nStarting\nStarting: 1.25 s\n');
  assert.equal(said(false, work, false), 'Uploading\nStarting\n');
});

test('what is quoted of a target is printable; lines stay lines', () => {
  const hostile = 'a\x1b]0;b\x07\nc';
  for (const say of [
    (status: Status) => status.say(hostile),
    (status: Status) => status.log.info(hostile),
    (status: Status) => status.log.error(hostile),
  ])
    assert.equal(said(true, say), 'a\\x1b]0;b\\x07\nc\n');
  assert.equal(
    said(true, (status) => status.progress(hostile)),
    `${CLEAR}a\\x1b]0;b\\x07\\x0ac`,
  );
});

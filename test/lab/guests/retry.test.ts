import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BootOptions, Guest } from './guest.ts';
import { withGuest } from './retry.ts';

const OPTIONS: BootOptions = { kernel: '6.12', userland: 'bare', log: () => undefined };

/** A guest that boots at once; whether its kernel dies is the caller's wish. */
function fakeGuest(panics: boolean): Guest {
  const guest: Partial<Guest> = {
    console: () => 'last words',
    ended: Promise.resolve('stopped'),
    panicked: () => panics,
    stop: () => Promise.resolve(),
  };
  return guest as Guest;
}

test('a dead guest is the lab’s fault: told, tried once more, never a pass', async () => {
  const told: string[] = [];
  const guests = [fakeGuest(true), fakeGuest(false)];
  const boot = () => Promise.resolve(guests.shift() ?? assert.fail('booted a third time'));
  const options = { ...OPTIONS, log: (line: string) => void told.push(line) };
  assert.equal(await withGuest(options, (guest) => Promise.resolve(guest.panicked()), boot), false);
  assert.match(told.join(), /lab's fault/);

  guests.push(fakeGuest(true), fakeGuest(true));
  await assert.rejects(
    withGuest(options, () => Promise.resolve('passed'), boot),
    /kernel died/,
  );

  guests.push(fakeGuest(false));
  const failing = () => Promise.reject(new Error('a real failure'));
  await assert.rejects(withGuest(options, failing, boot), /a real failure/); // not tried again
});

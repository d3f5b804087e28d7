import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { cacheDir } from './paths.ts';

/**
 * Runs `work` while no other process runs work under the same name, so that two test runs make what they share once
 * and wait for each other. The lock is flock(2)'s, held by a child that ends with our side of its pipe: a killed
 * run leaves nothing locked.
 */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const file = join(cacheDir('locks'), `${name}.lock`);
  const holder = spawn('flock', [file, 'sh', '-c', 'echo locked; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'close');
  const locked = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!locked) throw new Error(`cannot lock ${file} (flock ended with ${holder.exitCode})`);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}

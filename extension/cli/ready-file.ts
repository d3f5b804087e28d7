/** A file by which scripts know that the probes are attached. One from before stays as it is until they are. */
import { accessSync, closeSync, constants, openSync, statSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { PacketTraceError } from '../base/errors.ts';

/** Says that a file will not be writable, before anything is done that would be in vain. @throws PacketTraceError `usage` */
export function checkReadyFile(path: string): void {
  try {
    const file = statSync(path, { throwIfNoEntry: false });
    if (file?.isDirectory() === true) throw new Error(`${path} is a folder`);
    const folder = dirname(path);
    if (file !== undefined) accessSync(path, constants.W_OK);
    else if (!statSync(folder).isDirectory()) throw new Error(`${folder} is no folder`);
    else accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw notWritable(error);
  }
}

/** Creates the file or renews its time. @throws PacketTraceError `usage` */
export function renewReadyFile(path: string): void {
  try {
    closeSync(openSync(path, 'a'));
    const now = new Date();
    utimesSync(path, now, now);
  } catch (error) {
    throw notWritable(error);
  }
}

function notWritable(error: unknown): PacketTraceError {
  const why = error instanceof Error ? error.message : String(error);
  return new PacketTraceError(
    'usage',
    `The ready file cannot be written: ${why}.`,
    'Give --ready-file a path that can be written.',
  );
}

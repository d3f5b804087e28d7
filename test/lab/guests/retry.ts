import { setTimeout as sleep } from 'node:timers/promises';
import { bootGuest, LabFault, type BootOptions, type Guest } from './guest.ts';

/** A dying kernel's connections may fail before its last words are read. */
const LAST_WORDS_MS = 500;

/**
 * Boots a guest for `work` and stops it afterwards. When the guest's kernel dies meanwhile, which the emulator
 * now and then causes, that is the lab's fault: it is told, and all is done once more in a new guest. A second
 * death is a failure.
 * @param boot Only tests give another.
 */
export async function withGuest<T>(
  options: BootOptions,
  work: (guest: Guest) => Promise<T>,
  boot: (options: BootOptions) => Promise<Guest> = bootGuest,
): Promise<T> {
  try {
    return await once(options, work, boot);
  } catch (error) {
    if (!(error instanceof LabFault)) throw error;
    const log = options.log ?? ((line: string) => process.stderr.write(`${line}\n`));
    log(`${error.message}\nthis is the lab's fault; trying once more`);
    return once(options, work, boot);
  }
}

async function once<T>(
  options: BootOptions,
  work: (guest: Guest) => Promise<T>,
  boot: (options: BootOptions) => Promise<Guest>,
): Promise<T> {
  const guest = await boot(options);
  try {
    const result = await work(guest);
    if (!guest.panicked()) return result; // what a dead kernel showed does not count
    throw new LabFault(`the guest's kernel died:\n${guest.console().slice(-3000)}`);
  } catch (error) {
    await Promise.race([guest.ended, sleep(LAST_WORDS_MS)]);
    if (!guest.panicked() || error instanceof LabFault) throw error;
    throw new LabFault(`the guest's kernel died:\n${guest.console().slice(-3000)}`, { cause: error });
  } finally {
    await guest.stop();
  }
}

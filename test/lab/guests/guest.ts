import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureInstalled } from '../../../build/packages/debian.ts';
import { GuestShell, type ExecOptions, type ExecResult } from './exec.ts';
import { kernelImage } from '../images/kernel.ts';
import { userlandImage, type Userland } from '../images/userland.ts';
import { archOf, type KernelName } from '../images/kernels.ts';
import { startMachine, type Machine } from './qemu.ts';
import { makeSeed, READY_LINE, type GuestUser, type Seed } from './seed.ts';

export type { ExecOptions, ExecResult, GuestUser, KernelName, Userland };

/** A booted Debian kernel with an SSH server on 127.0.0.1. */
export interface Guest {
  kernel: KernelName;
  userland: Userland;
  /** `uname -r` */
  release: string;
  /** Of its SSH server on 127.0.0.1. */
  port: number;
  /** Path of the private key that lets every user in; made for this boot. */
  privateKey: string;
  /** Path of a known_hosts file with the guest's key. */
  knownHosts: string;
  /** For password and keyboard-interactive login (not root) and for sudo; made for this boot. */
  passwords: Seed['passwords'];
  /** Runs a shell command over SSH, as root unless told otherwise. Never throws on a non-zero exit code. */
  exec(command: string, options?: ExecOptions): Promise<ExecResult>;
  /** The serial console so far. */
  console(): string;
  /** Settles, saying how, when the emulator has ended: stopped, or by a panic. */
  ended: Promise<string>;
  /** The guest's kernel died: the lab's fault, not that of what was tested. */
  panicked(): boolean;
  /** Ends the guest and removes its files. Safe to call twice. */
  stop(): Promise<void>;
}

export interface BootOptions {
  kernel: KernelName;
  userland: Userland;
  log?: (line: string) => void;
  signal?: AbortSignal;
  /** Default 2048. */
  memoryMb?: number;
  /** Virtual CPUs; default 2, on 7.2 one. */
  smp?: number;
  /**
   * One CPU, and a clock that advances a nanosecond for each instruction: times that mean the same on a busy
   * machine.
   */
  countInstructions?: boolean;
  /** Five-level page tables: kernel addresses have 57 bits. */
  fiveLevelPaging?: boolean;
}

/** Printed when a guest's kernel died; test/run.ts runs a failed file once more that said so. */
export const LAB_FAULT = "the guest's kernel died, which is the lab's fault; its console ended with";

/** Generous: a busy machine emulates slowly. An idle one needs some 6 s. */
const BOOT_TIMEOUT_MS = 180_000;

/** Between our look for a free port and QEMU's listening, somebody else took it. */
const PORT_TAKEN = 'Could not set up host forwarding rule';

/** What the kernel prints when it dies; with oops=panic an oops is a panic too. */
const PANIC = /Kernel panic - not syncing|Oops: |int3: |general protection fault|kernel BUG at /;

/**
 * Boots a guest and returns it when its SSH server answers. Images are built first where the cache has none.
 * A guest that panics while booting, which the emulator now and then causes, is booted once more.
 */
export async function bootGuest(options: BootOptions): Promise<Guest> {
  const log = options.log ?? (() => undefined);
  try {
    return await boot(options, log);
  } catch (error) {
    if (!(error instanceof LabFault) || options.signal?.aborted) throw error;
    log(`${error.message}\nthis is the lab's fault; trying once more`);
    return boot(options, log);
  }
}

/** The emulator's doing, not that of what is tested: worth another try. */
export class LabFault extends Error {}

async function boot(options: BootOptions, log: (line: string) => void): Promise<Guest> {
  const { kernel, userland, signal, countInstructions = false, fiveLevelPaging = false } = options;
  const arch = archOf(kernel);
  await ensureInstalled([arch === 'arm64' ? 'qemu-system-arm' : 'qemu-system-x86', 'openssh-client']);
  const image = await kernelImage(kernel, log);
  const root = await userlandImage(userland, arch, log);
  signal?.throwIfAborted();
  const dir = await mkdtemp(join(tmpdir(), 'packet-trace-lab-'));
  const removeAtExit = () => rmSync(dir, { recursive: true, force: true });
  process.once('exit', removeAtExit);
  let machine: Machine | undefined;
  let shell: GuestShell | undefined;
  const kill = () => void machine?.kill();
  const stop = async () => {
    signal?.removeEventListener('abort', kill);
    await shell?.close();
    await machine?.kill();
    await rm(dir, { recursive: true, force: true });
    process.off('exit', removeAtExit);
  };
  try {
    log(`booting ${image.release}`);
    const seed = await makeSeed(dir, `lab-${kernel.replaceAll('.', '-')}-${userland}`);
    machine = await startMachine({
      kernel: image,
      root,
      seed: seed.drive,
      dir,
      memoryMb: options.memoryMb ?? 2048,
      // With two CPUs on two threads, live code patching of 7.2 now and then dies of an int3 that the
      // emulator delivers to the other CPU too late; with one CPU it does not.
      smp: options.smp ?? (kernel === '7.2' || countInstructions ? 1 : 2),
      countInstructions,
      fiveLevelPaging,
    });
    const knownHosts = join(dir, 'known_hosts');
    await writeFile(knownHosts, `[127.0.0.1]:${machine.port} ${seed.hostKey}\n`);
    const { port, console, ended } = machine;
    signal?.addEventListener('abort', kill);
    const access = { port, privateKey: seed.privateKey, knownHosts };
    shell = new GuestShell(access, dir);
    const exec = shell.exec.bind(shell);
    const release = await waitForSsh(machine, exec, signal);
    signal?.removeEventListener('abort', kill); // from here on stop() ends it
    const panicked = () => PANIC.test(console());
    const stopAndTell = async () => {
      if (panicked()) process.stderr.write(`${LAB_FAULT}\n${console().slice(-3000)}\n`);
      await stop();
    };
    return {
      kernel,
      userland,
      release,
      ...access,
      passwords: seed.passwords,
      exec,
      console,
      ended,
      panicked,
      stop: stopAndTell,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for the console's ready line and then for SSH; returns `uname -r`. */
async function waitForSsh(
  machine: Machine,
  exec: Guest['exec'],
  signal: AbortSignal | undefined,
): Promise<string> {
  let ended: string | undefined;
  void machine.ended.then((how) => (ended = how));
  const deadline = Date.now() + BOOT_TIMEOUT_MS;
  const fail = (what: string) => {
    const text = `${what}; the end of its console:\n${machine.console().slice(-3000)}`;
    const fault = PANIC.test(machine.console()) || machine.console().includes(PORT_TAKEN);
    return fault ? new LabFault(text) : new Error(text);
  };
  while (Date.now() < deadline) {
    signal?.throwIfAborted();
    if (ended !== undefined) throw fail(`the guest did not boot (${ended})`);
    if (machine.console().includes(READY_LINE)) {
      const result = await exec('uname -r', { timeoutMs: 30_000 });
      if (result.code === 0) return result.stdout.trim();
    }
    await sleep(100);
  }
  throw fail(`the guest did not answer on SSH within ${BOOT_TIMEOUT_MS / 1000} s`);
}

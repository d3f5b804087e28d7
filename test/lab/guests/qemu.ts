import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { DebianArch } from '../../../build/packages/debian.ts';
import type { KernelImage } from '../images/kernel.ts';

export interface Machine {
  pid: number;
  /** Where the guest's port 22 is reached on 127.0.0.1. */
  port: number;
  /** Everything on the serial console so far. */
  console: () => string;
  /** Settles when the emulator has ended, by itself or killed; says how. */
  ended: Promise<string>;
  /** Ends it at once: the guest's writes are thrown away anyhow. */
  kill: () => Promise<void>;
}

export interface MachineOptions {
  kernel: KernelImage;
  root: string;
  seed: string;
  /** For the emulator's temporary files. */
  dir: string;
  memoryMb: number;
  smp: number;
  /** Its clock advances a nanosecond for each instruction; needs a single CPU. */
  countInstructions: boolean;
  /** Kernel addresses of 57 bits, as on servers of today. */
  fiveLevelPaging: boolean;
}

/**
 * nowatchdog and no stall reports: the host may be busy for long. oops=panic and -no-reboot: after an oops
 * nothing in a guest can be trusted, so the emulator ends and everybody notices.
 */
const COMMAND_LINE =
  'quiet net.ifnames=0 mitigations=off nowatchdog rcupdate.rcu_cpu_stall_suppress=1 oops=panic panic=-1';

interface Emulator {
  program: string;
  console: string;
  arguments: (options: MachineOptions) => string[];
}

const EMULATORS: Record<DebianArch, Emulator> = {
  amd64: {
    program: 'qemu-system-x86_64',
    console: 'ttyS0',
    // The emulator's cmpxchg16b makes 6.12 panic; five-level page tables cost time.
    arguments: ({ fiveLevelPaging }) => ['-cpu', `max,-cx16,${fiveLevelPaging ? '+' : '-'}la57`],
  },
  arm64: {
    program: 'qemu-system-aarch64',
    console: 'ttyAMA0',
    // A processor of all features: kernel addresses of 52 bits, BTI. The pointer authentication of the architecture's
    // own cipher costs half of the emulator's time.
    arguments: () => ['-M', 'virt', '-cpu', 'max,pauth-impdef=on'],
  },
};

/** Starts a QEMU machine in software emulation; needs no privilege and sees no network but 127.0.0.1. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const port = await freePort();
  const { kernel, root, seed, memoryMb, smp, countInstructions } = options;
  const emulator = EMULATORS[kernel.arch];
  const accelerator = countInstructions
    ? ['-accel', 'tcg,thread=single', '-icount', 'shift=0']
    : ['-accel', 'tcg,thread=multi'];
  const drive = (file: string, mode: string) => ['-drive', `file=${file},format=raw,if=virtio,${mode}`];
  const args = [
    ...accelerator,
    ...[...emulator.arguments(options), '-smp', `${smp}`, '-m', `${memoryMb}`],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
    ...['-kernel', kernel.vmlinuz, '-initrd', kernel.initramfs],
    ...['-append', `console=${emulator.console} ${COMMAND_LINE}`],
    ...drive(root, 'snapshot=on'),
    ...drive(kernel.modules, 'readonly=on'),
    ...drive(seed, 'readonly=on'),
    ...['-netdev', `user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`],
    ...['-device', 'virtio-net-pci,netdev=n0,romfile='],
  ];
  // setpriv becomes QEMU after asking the kernel to kill it when this process ends, however that happens.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', emulator.program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: options.dir },
  });
  let text = '';
  const collect = (chunk: Buffer) => {
    text += chunk.toString('latin1');
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(`QEMU ended with ${signal ?? `code ${code}`}`));
  });
  await Promise.race([once(child, 'spawn'), ended]);
  return {
    pid: child.pid ?? 0,
    port,
    console: () => text,
    ended,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

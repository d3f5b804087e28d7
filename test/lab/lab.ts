/**
 * `npm run lab -- [KERNEL] [--userland node|bare] [--smp N] [--memory MB]`: boots one guest and prints how to
 * log in. Ctrl-C ends it and leaves nothing behind.
 */
import { parseArgs } from 'node:util';
import { run } from '../../build/run.ts';
import { bootGuest, type Guest, type Userland } from './guests/guest.ts';
import { ARM64_KERNEL_NAMES, KERNEL_NAMES, type KernelName } from './images/kernels.ts';

const KERNELS: readonly string[] = [...KERNEL_NAMES, ...ARM64_KERNEL_NAMES];

const USAGE = `usage: npm run lab -- [${KERNELS.join('|')}] [--userland node|bare] [--smp CPUS] [--memory MB]`;

function fail(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        userland: { type: 'string', default: 'node' },
        smp: { type: 'string' },
        memory: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return fail((error as Error).message);
  }
}

function positive(name: string, text: string): number {
  return /^[1-9]\d*$/.test(text) ? Number(text) : fail(`--${name} wants a positive number, not ${text}`);
}

async function describe(guest: Guest): Promise<string> {
  const { port, privateKey, knownHosts } = guest;
  const passwords = Object.entries(guest.passwords).map(([user, word]) => `${user} ${word}`);
  const fingerprint = (await run('ssh-keygen', ['-lf', knownHosts])).split(' ')[1];
  return [
    `kernel     ${guest.release}`,
    `log in     ssh -p ${port} -i ${privateKey} -o UserKnownHostsFile=${knownHosts} root@127.0.0.1`,
    `users      root, admin (sudo without a password), sudoer (sudo with his password), plain (no sudo)`,
    `passwords  ${passwords.join(', ')}`,
    `host key   ${fingerprint}`,
    `trace      node dist/packet-trace.cjs trace root@127.0.0.1:${port} --identity ${privateKey}`,
    `Ctrl-C ends the guest.`,
  ].join('\n');
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const [kernel = '6.12', ...more] = positionals;
  if (!KERNELS.includes(kernel)) fail(`the lab has no kernel ${kernel}`);
  if (!['node', 'bare'].includes(values.userland)) fail(`the lab has no userland ${values.userland}`);
  if (more.length > 0) fail(`one kernel at a time, not also ${more.join(' ')}`);
  const abort = new AbortController();
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        abort.abort(new Error('interrupted'));
        resolve('interrupted');
      });
    }
  });
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`.padStart(7);
  const guest = await bootGuest({
    kernel: kernel as KernelName,
    userland: values.userland as Userland,
    log: (line) => console.log(`${seconds()}  ${line}`),
    signal: abort.signal,
    ...(values.smp !== undefined && { smp: positive('smp', values.smp) }),
    ...(values.memory !== undefined && { memoryMb: positive('memory', values.memory) }),
  }).catch((error: unknown) => {
    if (abort.signal.aborted) return undefined;
    throw error;
  });
  if (guest === undefined) return;
  console.log(`${seconds()}  ready\n\n${await describe(guest)}`);
  const how = await Promise.race([interrupted, guest.ended]);
  await guest.stop();
  if (how !== 'interrupted') {
    console.error(
      `the guest ended by itself (${how}); the end of its console:\n${guest.console().slice(-3000)}`,
    );
    process.exitCode = 1;
  }
}

await main();

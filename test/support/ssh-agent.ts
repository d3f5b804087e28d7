/** A real ssh-agent for tests, at a socket of its own. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../build/run.ts';

export interface SshAgent {
  socket: string;
  /** Makes it hold a key. @param options of ssh-add */
  add(key: string, ...options: string[]): Promise<void>;
  stop(): void;
}

/** @param env for the agent, e.g. its SSH_ASKPASS */
export async function startSshAgent(socket: string, env: Record<string, string> = {}): Promise<SshAgent> {
  const agent = spawn('ssh-agent', ['-D', '-a', socket], {
    stdio: 'ignore',
    env: { ...process.env, ...env },
  });
  const client = { ...process.env, SSH_AUTH_SOCK: socket };
  for (let attempt = 0; attempt < 100; attempt++) {
    // Exit code 1: it answers and holds nothing.
    const answer = await run('ssh-add', ['-l'], { env: client }).catch((error: Error) => error.message);
    if (answer.includes('no identities')) break;
    await sleep(50);
  }
  return {
    socket,
    add: async (key, ...options) => {
      await run('ssh-add', ['-q', ...options, key], { env: client });
    },
    stop: () => agent.kill(),
  };
}

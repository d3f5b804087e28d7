import { cancelled, PacketTraceError } from '../base/errors.ts';
import type { Prompts } from '../target/connection.ts';
import type { CheckOptions, TraceOptions } from './options.ts';
import type { Status } from './output/status.ts';
import { askOnTty, hasTty } from './tty.ts';

/**
 * Asks on the terminal what reaching a target needs; without a terminal it says what would have been asked.
 * @param onCtrlC what Ctrl-C at a question does, besides leaving it
 */
export function terminalPrompts(
  hostKeyCheck: (TraceOptions | CheckOptions)['hostKeyCheck'],
  status: Status,
  onCtrlC: () => void,
): Prompts {
  const ask = async (question: string, echo: boolean) => {
    status.clear();
    const { text, isInterrupt } = await askOnTty(question, { echo });
    if (!isInterrupt) return text;
    onCtrlC();
    throw cancelled();
  };
  return {
    confirmHostKey: async ({ host, keyType, fingerprint }) => {
      const policy = hostKeyCheck ?? (hasTty() ? 'ask' : 'yes');
      if (policy === 'yes') return false;
      if (policy === 'accept-new') {
        status.say(`The ${keyType} key of ${host} is new and was accepted: ${fingerprint}`);
        return true;
      }
      const question = `The key of ${host} is not known: ${keyType} ${fingerprint}\nTrust it and connect (yes/no)? `;
      return /^y(es)?$/i.test((await ask(question, true)) ?? '');
    },
    secret: async ({ kind, prompt, echo = false }) => {
      if (!hasTty()) {
        const isSudo = kind === 'sudo' || kind === 'sudo-challenge';
        throw new PacketTraceError(
          isSudo ? 'target-no-privilege' : 'authentication',
          `There is no terminal to ask for this on: ${prompt}`,
          isSudo
            ? 'Log in as root, or allow sudo without a password for this user on the target.'
            : 'Load the key into your SSH agent, or give a key without a passphrase with --identity.',
        );
      }
      return ask(/[:?]\s*$/.test(prompt) ? `${prompt.trimEnd()} ` : `${prompt}: `, echo);
    },
  };
}

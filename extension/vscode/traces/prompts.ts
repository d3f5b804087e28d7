import type { Prompts } from '../../target/connection.ts';
import { askText, confirm } from '../messages/ask.ts';

/**
 * Questions of a connection, asked in VS Code's own boxes. Answers are not kept. A prompt may be a server's words.
 * @param signal closes an open box when the start is cancelled
 */
export const promptsUntil = (signal: AbortSignal): Prompts => ({
  confirmHostKey: ({ host, keyType, fingerprint }) =>
    confirm(
      `The host key of ${host} is not known.`,
      'Trust',
      `${keyType} key, fingerprint:\n${fingerprint}\n\n` +
        'Compare it with what the host itself shows (ssh-keygen -lf on its key file). ' +
        'If you trust it, Packet Trace remembers it; your known_hosts file stays as it is.',
    ),

  secret: ({ prompt, echo = false }) =>
    askText({ title: 'Packet Trace', prompt, isSecret: !echo, isPatient: true, signal }),
});

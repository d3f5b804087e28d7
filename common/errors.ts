import type { AgentError, AgentErrorCode } from './protocol.ts';

/** A failure that the user is told about: what was attempted and went wrong, and the next step. */
export class AgentFailure extends Error {
  override readonly name = 'AgentFailure';

  constructor(
    readonly code: AgentErrorCode,
    message: string,
    /** The next step, a sentence or two; empty where there is none. */
    readonly remedy = '',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What arrived is not what protocol.ts says; the message names what was wrong, as the rest of a sentence. */
export class ProtocolError extends Error {
  override readonly name: string = 'ProtocolError';
}

/** The editor refuses messages with longer texts. */
const WORDS_LIMIT = 16 * 1024;

/** Any thrown value as the message that the editor gets; unexpected ones are `internal`. */
export function asAgentError(error: unknown): AgentError {
  const message = (error instanceof Error ? error.message : String(error)).slice(0, WORDS_LIMIT);
  if (error instanceof AgentFailure)
    return { type: 'error', code: error.code, message, remedy: error.remedy };
  return { type: 'error', code: 'internal', message, remedy: '' };
}

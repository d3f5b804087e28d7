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

/** Any thrown value as the message that the editor gets; unexpected ones are `internal`. */
export function asAgentError(error: unknown): AgentError {
  if (error instanceof AgentFailure)
    return { type: 'error', code: error.code, message: error.message, remedy: error.remedy };
  const message = error instanceof Error ? error.message : String(error);
  return { type: 'error', code: 'internal', message, remedy: '' };
}

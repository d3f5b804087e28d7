/**
 * The order of a conversation with an agent: which of its messages may come when, by what was sent before. Told of each
 * request and of each message, it refuses a message that has no place there.
 */
import { ProtocolError } from '../../common/errors.ts';
import type { AgentError, Message, Request } from '../../common/protocol.ts';

/** What the trace of this conversation has come to. */
type Phase =
  /** The agent has not said hello. */
  | 'greeting'
  | 'none'
  /** Asked for. */
  | 'starting'
  /** Attached: events come. */
  | 'tracing'
  | 'ended';

export class Conversation {
  #phase: Phase = 'greeting';
  /** Was a trace asked for, which `starting` was before the hello. */
  #startAsked = false;
  #stopAsked = false;
  #buildAsked = false;
  /** Answers that were asked for and have not come. */
  readonly #answers = new Set<Message['type']>();
  /** Of filters that were asked for and are neither in force nor refused. */
  readonly #generations = new Set<number>();

  sent(request: Request): void {
    switch (request.type) {
      case 'check':
        this.#answers.add('check');
        break;
      case 'match':
        this.#answers.add('matched');
        break;
      case 'plan':
        this.#answers.add('plan');
        break;
      case 'count':
        this.#answers.add('counting');
        break;
      case 'counts':
        this.#answers.add('counts');
        break;
      case 'start':
        this.#startAsked = true;
        this.#buildAsked = request.wantBuild === true;
        if (this.#phase === 'none') this.#phase = 'starting';
        break;
      case 'filter':
        this.#generations.add(request.generation);
        break;
      case 'stop':
        this.#stopAsked = true;
        break;
      case 'pause':
      case 'resume':
      case 'ping':
    }
  }

  /** @throws ProtocolError when it may not come now */
  received(message: Message): void {
    const { type } = message;
    if (type === 'error') {
      this.#failed(message); // whatever fails may do so before the hello too
      return;
    }
    if (type === 'hello') {
      if (this.#phase !== 'greeting') throw new ProtocolError('a second hello came');
      this.#phase = this.#startAsked ? 'starting' : 'none';
      return;
    }
    const expected = this.#expects(message);
    if (!expected) throw new ProtocolError(`"${type}" came ${this.#when()}`);
  }

  /** @throws ProtocolError when no events may come now */
  receivedEvents(): void {
    if (this.#phase !== 'tracing') throw new ProtocolError(`events came ${this.#when()}`);
  }

  #expects(message: Exclude<Message, { type: 'hello' | 'error' }>): boolean {
    switch (message.type) {
      case 'check':
      case 'matched':
      case 'plan':
      case 'counting':
      case 'counts':
        return this.#answers.delete(message.type);
      case 'progress':
        if (this.#answers.has('plan') || this.#answers.has('counting')) return this.#phase !== 'greeting';
        return this.#phase === 'starting' || (this.#phase === 'tracing' && this.#stopAsked);
      case 'attached':
        if (this.#phase !== 'starting') return false;
        this.#phase = 'tracing';
        return true;
      case 'kernel-build': {
        const expected = this.#phase === 'tracing' && this.#buildAsked;
        this.#buildAsked = false;
        return expected;
      }
      case 'filter-changed':
        return this.#generations.delete(message.generation);
      case 'modules':
      case 'programs':
      case 'locations':
      case 'structures':
      case 'namespaces':
      case 'paused':
        return this.#phase === 'tracing';
      case 'end': {
        const expected = this.#phase === 'tracing' || (this.#phase !== 'ended' && this.#stopAsked);
        this.#phase = 'ended';
        return expected;
      }
    }
  }

  #failed({ generation }: AgentError): void {
    if (generation !== undefined) {
      if (!this.#generations.delete(generation))
        throw new ProtocolError(`an error came about filter ${generation}, which nobody asked for`);
      return;
    }
    this.#answers.clear(); // one is asked for at a time
    if (this.#phase === 'starting') this.#phase = 'none';
  }

  #when(): string {
    const told: Record<Phase, string> = {
      greeting: 'before the hello',
      none: 'where nobody asked for it',
      starting: 'before the probes were attached, or where nobody asked for it',
      tracing: 'where nobody asked for it',
      ended: 'after the end',
    };
    return told[this.#phase];
  }
}

/**
 * Our side of the conversation with an agent that was started in mode `serve` (common/protocol.ts): frames into
 * messages, the greeting and its version, pings, questions and their answers. What the messages mean is the
 * business of who uses it: engine.ts for a trace, with-agent.ts for what is asked without one.
 */
import { encodeJsonFrame, FrameDecoder, FramingError } from '../../common/framing.ts';
import { parseMessage } from '../../common/messages.ts';
import {
  FrameKind,
  HEARTBEAT_INTERVAL_MS,
  PROTOCOL_VERSION,
  type Hello,
  type Message,
  type Request,
} from '../../common/protocol.ts';
import { PacketTraceError } from '../base/errors.ts';
import type { AgentClosed, AgentConnection } from '../target/connection.ts';
import {
  agentDidNotStart,
  fromAgentError,
  noAnswer,
  notTheAgent,
  otherRelease,
  unreadable,
} from './agent-errors.ts';
import { Conversation } from './conversation.ts';
import { Patience } from './patience.ts';

/** Node starts within a second or two; a target under heavy load needs more. */
const HELLO_TIMEOUT_MS = 60_000;
/** A check reads BTF and a few files, and so does the first question about packets. */
const ANSWER_TIMEOUT_MS = 60_000;
/** The rest of a dead agent's output arrives at once or never. */
const DRAIN_TIMEOUT_MS = 1000;

export interface AgentListener {
  /** The agent is there and of our version. */
  hello?(hello: Hello): void;
  /** Any other message that answers no question. */
  message?(message: Exclude<Message, Hello>): void;
  /** Payload of an Events frame, at offset 0 of a buffer of its own. */
  events?(payload: Uint8Array<ArrayBuffer>): void;
  /** It is no agent, one of another version, or what it sends cannot be read. */
  fault?(error: PacketTraceError): void;
  /** Something came, be it a part of a frame. */
  heard?(): void;
  /** The agent is gone, and all that it said was told. */
  closed?(closed: AgentClosed): void;
}

interface Question {
  answer: Message['type'];
  resolve: (message: Message) => void;
  reject: (error: PacketTraceError) => void;
}

export class AgentClient {
  hello: Hello | undefined;
  readonly #decoder = new FrameDecoder((kind, payload) => this.#frame(kind, payload));
  /** The connection was given up: what still comes is not looked at. */
  #over = false;
  #failed: PacketTraceError | undefined;
  #question: Question | undefined;
  readonly #conversation = new Conversation();
  /** Runs while the agent owes the greeting or an answer. */
  readonly #patience = new Patience();
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(
    private readonly connection: AgentConnection,
    private readonly listener: AgentListener = {},
  ) {
    this.#patience.within(HELLO_TIMEOUT_MS, () => this.#fault(noAnswer('its greeting', HELLO_TIMEOUT_MS)));
    // Errors of the streams show as the end of the connection.
    connection.input.on('error', () => undefined);
    connection.output.on('error', () => undefined);
    connection.output.on('data', (chunk: Buffer) => this.#receive(chunk));
    void connection.closed.then((closed) => this.#closed(closed));
  }

  send(request: Request): void {
    this.#conversation.sent(request);
    if (this.connection.input.writable) this.connection.input.write(encodeJsonFrame(request));
  }

  /**
   * Sends a request and waits for its answer; one at a time.
   * @throws PacketTraceError: what the agent says against it, that the agent is gone, or that no answer came in time;
   *   the conversation is over then, for an answer that comes late would be taken for another
   */
  ask<T extends Message['type']>(request: Request, answer: T): Promise<Extract<Message, { type: T }>> {
    return new Promise((resolve, reject) => {
      if (this.#failed !== undefined) {
        reject(this.#failed);
        return;
      }
      if (this.#question !== undefined) throw new Error('one question at a time');
      const asMessage = resolve as (message: Message) => void;
      this.#question = { answer, resolve: asMessage, reject };
      this.send(request);
      if (this.hello !== undefined) this.#awaitAnswer();
    });
  }

  #awaitAnswer(): void {
    const { answer } = this.#question ?? {};
    if (answer === undefined) return;
    this.#patience.within(ANSWER_TIMEOUT_MS, () =>
      this.#fault(noAnswer(`its answer ("${answer}")`, ANSWER_TIMEOUT_MS)),
    );
  }

  /** Ends the conversation, and the agent with it. Safe to call twice. */
  close(): void {
    this.#over = true;
    this.#patience.stop();
    clearInterval(this.#heartbeat);
    this.connection.close();
  }

  #receive(chunk: Uint8Array): void {
    if (this.#over) return;
    this.#patience.heard();
    this.listener.heard?.();
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      if (error instanceof FramingError && this.hello === undefined) this.#fault(notTheAgent(error.received));
      else this.#fault(unreadable(error));
    }
  }

  /** @throws ProtocolError when it is not what an agent sends, or not now */
  #frame(kind: FrameKind, payload: Uint8Array<ArrayBuffer>): void {
    if (this.#over) return;
    if (kind === FrameKind.Events) {
      this.#conversation.receivedEvents();
      this.listener.events?.(payload);
      return;
    }
    const message = parseMessage(payload);
    this.#conversation.received(message);
    if (message.type === 'hello') this.#greeted(message);
    else if (message.type === this.#question?.answer) this.#settle()?.resolve(message);
    else if (message.type === 'error' && this.#question !== undefined)
      this.#settle()?.reject(fromAgentError(message));
    else this.listener.message?.(message);
  }

  #greeted(hello: Hello): void {
    this.#patience.stop();
    if (hello.protocol !== PROTOCOL_VERSION) {
      this.#fault(otherRelease(hello.protocol));
      return;
    }
    this.hello = hello;
    this.#awaitAnswer();
    this.#heartbeat = setInterval(() => this.send({ type: 'ping' }), HEARTBEAT_INTERVAL_MS);
    this.listener.hello?.(hello);
  }

  #fault(error: PacketTraceError): void {
    this.close();
    this.#fail(error);
    this.listener.fault?.(error);
  }

  #fail(error: PacketTraceError): void {
    this.#failed ??= error;
    this.#settle()?.reject(this.#failed);
  }

  #settle(): Question | undefined {
    const question = this.#question;
    this.#question = undefined;
    if (question !== undefined) this.#patience.stop();
    return question;
  }

  async #closed(closed: AgentClosed): Promise<void> {
    await drained(this.connection.output);
    this.#fail(agentDidNotStart(closed));
    if (this.#over) return;
    this.close();
    this.listener.closed?.(closed);
  }
}

/** Waits for what a gone agent still had to say. */
function drained(output: AgentConnection['output']): Promise<void> {
  if (output.readableEnded || output.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const timeout = setTimeout(resolve, DRAIN_TIMEOUT_MS);
    output.once('close', () => {
      clearTimeout(timeout);
      resolve();
    });
  });
}

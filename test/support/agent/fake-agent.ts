/** An agent without a target: the test says what it answers, in the real protocol. */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { encodeJsonFrame, FrameDecoder } from '../../../common/framing.ts';
import { parseRequest } from '../../../common/messages.ts';
import { FrameKind, type End, type Message, type Request } from '../../../common/protocol.ts';
import type { AgentClosed, AgentConnection } from '../../../extension/target/connection.ts';
import { eventsFrame, type TestEvent } from './records.ts';

const LONG_MS = 5000;

const living = new Set<FakeAgent>();

/** For `afterEach`: a capture that a failed test left running would keep the process alive. */
export function endFakeAgents(): void {
  for (const agent of living) agent.die({});
  living.clear();
}

export class FakeAgent {
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  readonly requests: Request[] = [];
  /** How often the editor closed the connection. */
  closes = 0;
  readonly connection: AgentConnection;
  #die!: (closed: AgentClosed) => void;
  #arrived: () => void = () => undefined;
  /** Sent for a stop request; undefined: none. */
  end: End | undefined = { type: 'end', why: 'stop', events: 0, lost: 0, milliseconds: { detach: 7 } };

  constructor() {
    living.add(this);
    const closed = new Promise<AgentClosed>((resolve) => (this.#die = resolve));
    const close = () => {
      this.closes++;
      this.die({ exitCode: 0 });
    };
    this.connection = { input: this.input, output: this.output, closed, close };
    const decoder = new FrameDecoder((kind, payload) => {
      if (kind !== FrameKind.Json) throw new Error('the editor sends JSON only');
      this.requests.push(parseRequest(payload));
      this.#arrived();
      if (this.requests.at(-1)?.type === 'stop' && this.end !== undefined) this.send(this.end);
    });
    this.input.on('data', (chunk: Buffer) => decoder.push(chunk));
  }

  send(message: Message): void {
    this.output.write(encodeJsonFrame(message));
  }

  sendEvents(events: readonly TestEvent[], lost = 0): void {
    this.output.write(eventsFrame(events, lost));
  }

  die(closed: Partial<AgentClosed>): void {
    this.output.end();
    this.#die({ exitCode: undefined, signal: undefined, connectionLost: false, stderr: '', ...closed });
  }

  /** Waits for a request of a type. */
  async request<T extends Request['type']>(type: T): Promise<Extract<Request, { type: T }>> {
    const deadline = Date.now() + LONG_MS;
    for (;;) {
      const found = this.requests.find((request) => request.type === type);
      if (found !== undefined) return found as Extract<Request, { type: T }>;
      if (Date.now() > deadline) throw new Error(`no ${type} request came`);
      await Promise.race([
        new Promise<void>((resolve) => (this.#arrived = resolve)),
        once(this.input, 'close'),
      ]);
    }
  }
}

import { encodeJsonFrame, FrameDecoder } from '../../common/framing.ts';
import { FrameKind, type Matched, type Message, type Request } from '../../common/protocol.ts';
import { agentDidNotStart, fromAgentError } from './agent-errors.ts';
import { asPacketTraceError, type PacketTraceError } from '../base/errors.ts';
import type { AgentConnection } from '../target/connection.ts';
import type { Decide } from '../filter/capture-file/match.ts';

/** Has the kernel of a target decide over packets, through an agent that was started with mode `serve`. */
export class AgentMatcher {
  #answer: { resolve: (matched: Matched) => void; reject: (error: PacketTraceError) => void } | undefined;
  #failed: PacketTraceError | undefined;

  constructor(private readonly connection: AgentConnection) {
    const decoder = new FrameDecoder((kind, payload) => {
      if (kind === FrameKind.Json) this.#message(JSON.parse(Buffer.from(payload).toString()) as Message);
    });
    // Errors of the streams show as the end of the connection.
    connection.input.on('error', () => undefined);
    connection.output.on('error', () => undefined);
    connection.output.on('data', (chunk: Buffer) => {
      try {
        decoder.push(chunk);
      } catch (error) {
        this.#fail(asPacketTraceError(error));
        connection.close();
      }
    });
    void connection.closed.then((closed) => this.#fail(agentDidNotStart(closed)));
  }

  /** One call at a time. @throws PacketTraceError when the kernel refuses the filter or the agent is gone */
  readonly decide: Decide = async (filter, packets) => {
    const decisions = new Uint8Array(packets.length);
    if (packets.length === 0) return decisions;
    const { matches } = await this.#ask({
      type: 'match',
      filter,
      packets: packets.map(({ link, data, length }) => ({
        link,
        data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
        length,
      })),
    });
    for (const index of matches) decisions[index] = 1;
    return decisions;
  };

  #ask(request: Request): Promise<Matched> {
    return new Promise((resolve, reject) => {
      if (this.#failed !== undefined) {
        reject(this.#failed);
        return;
      }
      this.#answer = { resolve, reject };
      this.connection.input.write(encodeJsonFrame(request));
    });
  }

  #message(message: Message): void {
    if (message.type === 'matched') this.#answer?.resolve(message);
    else if (message.type === 'error') this.#answer?.reject(fromAgentError(message));
  }

  #fail(error: PacketTraceError): void {
    this.#failed ??= error;
    this.#answer?.reject(this.#failed);
  }
}

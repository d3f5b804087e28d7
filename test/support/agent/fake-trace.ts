/** A trace whose agent the test plays, and the process around the terminal front end. */
import { PassThrough, Writable } from 'node:stream';
import type { FilterTexts } from '../../../extension/recording/filters.ts';
import { startCapture } from '../../../extension/tracing/engine.ts';
import type { Environment } from '../../../extension/cli/environment.ts';
import type { TargetFacts } from '../../../extension/base/target-facts.ts';
import type { RunningTrace, TraceRequest } from '../../../extension/tracing/start-trace.ts';
import type { Attached, Locations } from '../../../common/protocol.ts';
import { FakeAgent } from './fake-agent.ts';
import { attached, functionAddress, hello, kernelAddress, type TestEvent } from './records.ts';

export const NAMES = ['ip_local_out', 'nf_hook_slow', 'sk_skb_reason_drop', 'kfree_skbmem'];

export const TARGET_FACTS: TargetFacts = {
  os: 'Linux',
  machine: 'x86_64',
  kernelRelease: '6.12.1',
  user: 'root',
  privilege: 'root',
  node: { path: '/usr/bin/node', version: 'v20.0.0', origin: 'path' },
  uploadedBytes: 0,
};

export class FakeTrace {
  readonly agent = new FakeAgent();
  readonly requests: TraceRequest[] = [];

  constructor(private readonly names: Partial<Attached> = {}) {}

  /** For traceCommand. */
  readonly start = async (request: TraceRequest): Promise<RunningTrace> => {
    this.requests.push(request);
    const starting = startCapture(
      this.agent.connection,
      {
        filter: { ...request, compiled: null },
        asked: { functions: null, backend: 'auto' },
        keepEvents: request.keepEvents,
        readOnce: request.readOnce,
        wantBuild: request.wantBuild === true,
      },
      { signal: request.signal },
    );
    this.agent.send(hello());
    this.agent.send(attached(NAMES, { dropReasons: [{ value: 6, name: 'NETFILTER_DROP' }], ...this.names }));
    const capture = await starting;
    const target = {
      label: request.target,
      facts: TARGET_FACTS,
      startAgent: () => Promise.reject(new Error()),
      dispose: () => undefined,
    };
    const changeFilter = (change: Partial<FilterTexts>) =>
      capture.changeFilter({ ...request, ...change, compiled: null });
    const reconnect = () => Promise.reject(new Error('there is no other agent'));
    return { target, capture, changeFilter, reconnect, dispose: async () => void (await capture.stop()) };
  };
}

/** A curl packet at the nth function of NAMES. */
export function curl(nth: number, more: TestEvent = {}): TestEvent {
  return {
    address: kernelAddress(functionAddress(nth)),
    netns: 4026531840,
    ifindex: 2,
    device: 'eth0',
    mtu: 1500,
    len: 60,
    mark: 0xab,
    pid: 612,
    protocol: 0x0800,
    l4Protocol: 6,
    tcpFlags: 2,
    source: [10, 0, 2, 15],
    destination: [1, 1, 1, 1],
    sourcePort: 48522,
    destinationPort: 80,
    comm: 'curl',
    ...more,
  };
}

const DROPPED_AT = functionAddress(1) + 0x40;

/** The agent's name for where that drop is. */
export const NETFILTER_LOCATION: Locations = {
  type: 'locations',
  locations: [{ address: DROPPED_AT, start: functionAddress(1), name: 'nf_hook_slow', module: '' }],
};

/** The drop that the kernel tells of within the second function of NAMES. */
export function netfilterDrop(more: TestEvent = {}): TestEvent {
  return curl(1, { kind: 'drop', dropReason: 6, address: kernelAddress(DROPPED_AT), ...more });
}

/** A stream that keeps what is written. */
export class Collected extends Writable {
  text = '';
  writes = 0;
  #waiting: (() => void) | undefined;

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    this.writes++;
    this.#waiting?.();
    done();
  }

  /** Waits until a text matches; the test runner ends a test that waits for ever. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) await new Promise<void>((resolve) => (this.#waiting = resolve));
  }
}

export class FakeProcess {
  readonly stdout: Writable;
  readonly stdin = new PassThrough();
  readonly stderr = new Collected();
  readonly controller = new AbortController();
  readonly environment: Environment;

  constructor(stdout: Writable = new Collected()) {
    this.stdout = stdout;
    this.environment = {
      stdin: this.stdin,
      stdout,
      stderr: this.stderr,
      hasColors: false,
      distDir: '/nowhere',
      version: '1.2.3',
      hostKeys: { read: () => Promise.resolve(''), append: () => Promise.resolve() },
      interrupt: this.controller.signal,
      onCtrlC: () => this.interrupt(),
    };
  }

  interrupt(): void {
    this.controller.abort();
  }
}

/**
 * A program that traces with the capture engine alone and counts events: what every front end gets before it shows
 * anything. Gets a TraceRequest as JSON in its argument; says on standard output when the probes are attached, and then
 * how many events there were, as they come; stops at the end of its standard input.
 */
import { readFile, appendFile } from 'node:fs/promises';
import { startTrace, type TraceRequest } from '../../../extension/tracing/start-trace.ts';

export interface ListenerRequest extends Pick<TraceRequest, 'target' | 'identity' | 'filter' | 'distDir'> {
  knownHosts: string;
}

/** How often it tells of new events. */
const TELL_MS = 50;

function tell(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function main(): Promise<void> {
  const request = JSON.parse(process.argv[2] ?? '') as ListenerRequest;
  const silent = () => undefined;
  const began = performance.now();
  const trace = await startTrace({
    ...request,
    functions: '',
    backend: 'auto',
    track: true,
    localSockets: false,
    tunnelFilterL2: '',
    tunnelFilterL3: '',
    readOnce: true,
    prompts: { confirmHostKey: () => Promise.resolve(false), secret: () => Promise.resolve(undefined) },
    hostKeys: {
      read: () => readFile(request.knownHosts, 'utf8'),
      append: (line) => appendFile(request.knownHosts, line),
    },
    log: { debug: silent, info: silent, warn: console.error, error: console.error },
  });
  const { capture } = trace;
  tell({ attached: performance.now() - began });
  let told = -1;
  const timer = setInterval(() => {
    const events = capture.store.length;
    if (events === told) return;
    told = events;
    tell({ events, lost: capture.lost });
  }, TELL_MS);
  capture.on('events', (_first, end) => capture.release(end));
  process.stdin.resume();
  process.stdin.on('end', () => {
    clearInterval(timer);
    void capture.stop().then(async ({ events, lost, missed, untracked, bytes, agent }) => {
      tell({ end: { events, lost, missed, untracked, bytes, received: agent?.events } });
      await trace.dispose();
      process.exit();
    });
  });
}

await main();

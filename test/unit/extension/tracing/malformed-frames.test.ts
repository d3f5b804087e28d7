/**
 * Frames of a real conversation with bytes changed, lost and put in: each is taken in or refused as what it is,
 * and nothing else happens. `MALFORMED_FRAMES` says how many (npm run test:faults takes a million).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '../../../../common/errors.ts';
import { FrameDecoder } from '../../../../common/framing.ts';
import { parseMessage, readEventsHeader } from '../../../../common/messages.ts';
import { FrameKind } from '../../../../common/protocol.ts';
import { trafficStore, TRAFFIC_ATTACHED, TRAFFIC_LOCATION } from '../../../support/agent/traffic-store.ts';
import { encodeJsonFrame, eventsFrame, hello, VXLAN } from '../../../support/agent/records.ts';
import { randomNumbers } from '../../../support/random-numbers.ts';

const COUNT = Number(process.env.MALFORMED_FRAMES ?? 50_000);
const SOURCE = { source: [10, 0, 0, 1], destination: [10, 0, 0, 2], device: 'eth0', comm: 'curl' };

const FRAMES = [
  encodeJsonFrame(hello()),
  encodeJsonFrame(TRAFFIC_ATTACHED),
  encodeJsonFrame(VXLAN),
  encodeJsonFrame({ type: 'locations', locations: [TRAFFIC_LOCATION] }),
  encodeJsonFrame({ type: 'end', why: 'stop', events: 3, lost: 1, milliseconds: { detach: 7 } }),
  eventsFrame([SOURCE, { ...SOURCE, kind: 'drop', dropReason: 6, ends: true }]),
  eventsFrame([{ kind: 'copy' }, { kind: 'merge', into: 7 }, { ...SOURCE, lostTotal: 3, mark: 1 }]),
];

test('malformed frames are taken in or refused, each as what it is', (context) => {
  const random = randomNumbers(COUNT);
  let store = trafficStore({ keepEvents: 10_000, readOnce: false });
  const counts = { refused: 0, taken: 0, unfinished: 0 };
  for (let nth = 0; nth < COUNT; nth++) {
    if (nth % 100_000 === 0) store = trafficStore({ keepEvents: 10_000, readOnce: false });
    let finished = false;
    const decoder = new FrameDecoder((kind, payload) => {
      finished = true;
      if (kind === FrameKind.Json) parseMessage(payload);
      else {
        readEventsHeader(payload);
        store.append(payload);
      }
    });
    try {
      decoder.push(malformed(FRAMES[random(FRAMES.length)] ?? Buffer.alloc(0), random));
      counts[finished ? 'taken' : 'unfinished']++;
    } catch (error) {
      // The engine makes one error of both (engine.ts, #append).
      assert.ok(
        error instanceof ProtocolError || error instanceof RangeError,
        `frame ${nth}: ${String(error)}`,
      );
      counts.refused++;
    }
  }
  context.diagnostic(`of ${COUNT}: ${JSON.stringify(counts)}`);
  for (const count of Object.values(counts)) assert.ok(count > COUNT / 1000, JSON.stringify(counts));
});

/** One to four changes: another byte, a flipped bit, a piece left out, a piece twice. */
function malformed(frame: Uint8Array, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(frame);
  for (let left = 1 + random(4); left > 0; left--) {
    const at = random(bytes.length);
    const kind = random(4);
    if (kind === 0) bytes[at] = random(256);
    else if (kind === 1) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    else {
      const end = Math.min(bytes.length, at + 1 + random(16));
      bytes = Buffer.concat([
        bytes.subarray(0, kind === 2 ? at : end),
        bytes.subarray(kind === 2 ? end : at),
      ]);
      if (bytes.length === 0) break;
    }
  }
  return bytes;
}

/** Files that are damaged, or made to do damage: refused in words, with what comes before the damage. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PacketTraceError } from '../../../../../extension/base/errors.ts';
import { openRecording } from '../../../../../extension/recording/file/open-recording.ts';
import { RecordingFile } from '../../../../../extension/recording/file/recording-file.ts';
import { RecordingBuilder } from '../../../../../extension/recording/recording-builder.ts';
import { DEFAULT_RETENTION } from '../../../../../extension/recording/retention.ts';
import { TARGET_FACTS } from '../../../../support/agent/fake-trace.ts';
import { batch, functionAddress, hello, kernelAddress } from '../../../../support/agent/records.ts';
import { TRAFFIC_ATTACHED } from '../../../../support/agent/traffic-store.ts';
import { randomNumbers } from '../../../../support/random-numbers.ts';

/** A thousand take ten seconds; more were played with KPT_MUTATIONS. */
const MUTATIONS = Number(process.env.KPT_MUTATIONS ?? 1000);

const folder = mkdtempSync(join(tmpdir(), 'kpt-malformed-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function small(path: string): Promise<Buffer> {
  const made = new RecordingBuilder(DEFAULT_RETENTION);
  const file = await RecordingFile.create(path, (error) => assert.fail(error.message));
  file.follow(made, { version: '1', target: { label: 'lab', facts: TARGET_FACTS }, told: {} });
  made.addFact(hello());
  made.addFact(TRAFFIC_ATTACHED);
  for (let nth = 0; nth < 3; nth++)
    made.addEvents(
      batch(
        Array.from({ length: 8 }, (_, index) => ({
          life: 1 + index,
          skb: kernelAddress(4096 * (1 + index)),
          address: kernelAddress(functionAddress(nth)),
          comm: 'curl',
          source: [10, 0, 0, 1],
          destination: [10, 0, 0, 2],
          extras: { packet: { bytes: [1, 2, 3] } },
        })),
      ),
    );
  made.addFact({ type: 'loss', lost: 1, missed: 0, untracked: 0 });
  await file.close();
  return readFileSync(path);
}

/** Changes a few bytes, words or the length. */
function mutate(bytes: Buffer, at: (below: number) => number): Buffer {
  let mutated = Buffer.from(bytes);
  for (let changes = 1 + at(4); changes > 0; changes--) {
    const place = at(mutated.length - 4);
    const kind = at(5);
    if (kind === 0) mutated[place] = at(256);
    else if (kind === 1) mutated.writeInt32LE(-1 + at(3), place & ~3);
    else if (kind === 2) mutated.writeUInt32LE(at(2 ** 32), place & ~3);
    else if (kind === 3) mutated = mutated.subarray(0, Math.max(16, place));
    else mutated.copyWithin(place, at(mutated.length), at(mutated.length));
  }
  return mutated;
}

test('whatever was changed, it is read, cut off or refused in words', async () => {
  const bytes = await small(join(folder, 'good'));
  const path = join(folder, 'bad');
  const random = randomNumbers(20261128);
  const outcomes = { read: 0, refused: 0 };
  for (let nth = 0; nth < MUTATIONS; nth++) {
    writeFileSync(path, mutate(bytes, random));
    try {
      const opened = await openRecording(path, DEFAULT_RETENTION);
      try {
        await opened.read();
        for (let event = opened.recording.store.first; event < opened.recording.store.length; event++)
          opened.recording.store.tuple(event);
        outcomes.read++;
      } finally {
        await opened.close();
      }
    } catch (error) {
      if (!(error instanceof PacketTraceError))
        throw new Error(`mutation ${nth}: ${(error as Error).stack}`, { cause: error });
      assert.equal(error.code, 'recording', `mutation ${nth}: ${error.message}`);
      outcomes.refused++;
    }
  }
  assert.ok(outcomes.read > 0 && outcomes.refused > 0, JSON.stringify(outcomes));
});

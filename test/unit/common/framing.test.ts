import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeJsonFrame, FrameDecoder, frameHeader, FramingError } from '../../../common/framing.ts';
import { FRAME_MAX_BYTES, FrameKind } from '../../../common/protocol.ts';

function decodeAll(chunks: readonly Uint8Array[]): [FrameKind, Buffer][] {
  const frames: [FrameKind, Buffer][] = [];
  const decoder = new FrameDecoder((kind, payload) => {
    assert.equal(payload.byteOffset, 0);
    assert.equal(payload.buffer.byteLength, payload.length);
    frames.push([kind, Buffer.from(payload)]);
  });
  for (const chunk of chunks) decoder.push(chunk);
  return frames;
}

test('frames come out as they went in, however the stream is cut', () => {
  const payload = fc.uint8Array({ maxLength: 300 });
  const kind = fc.constantFrom(FrameKind.Json, FrameKind.Events);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(kind, payload)),
      fc.array(fc.integer({ min: 1, max: 40 })),
      (frames, cuts) => {
        const stream = Buffer.concat(
          frames.flatMap(([kind, bytes]) => [frameHeader(kind, bytes.length), bytes]),
        );
        const chunks: Uint8Array[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = cuts.length === 0 ? stream.length : (cuts[i % cuts.length] ?? 1);
          chunks.push(stream.subarray(at, at + size));
          at += size;
        }
        assert.deepEqual(
          decodeAll(chunks),
          frames.map(([kind, bytes]) => [kind, Buffer.from(bytes)]),
        );
      },
    ),
  );
});

test('a message is one JSON frame', () => {
  const [frame] = decodeAll([encodeJsonFrame({ type: 'ping', text: 'ü' })]);
  assert.equal(frame?.[0], FrameKind.Json);
  assert.deepEqual(JSON.parse(frame?.[1].toString() ?? ''), { type: 'ping', text: 'ü' });
});

test('text in front of a frame is found out, whatever its length', () => {
  const hello = encodeJsonFrame({ type: 'hello', filler: 'x'.repeat(1000) });
  for (const banner of ['x', 'x\n', 'abc', 'Welcome to Debian\r\n', '\n\n\n\n']) {
    const push = () => decodeAll([Buffer.concat([Buffer.from(banner), hello])]);
    assert.throws(push, (error) => {
      assert.ok(error instanceof FramingError);
      assert.ok(Buffer.from(error.received).toString('latin1').startsWith(banner));
      return true;
    });
  }
});

test('a frame over the limit or of an unknown kind is refused', () => {
  assert.throws(
    () => decodeAll([frameHeader(FrameKind.Json, FRAME_MAX_BYTES[FrameKind.Json] + 1)]),
    FramingError,
  );
  assert.throws(() => decodeAll([frameHeader(9 as FrameKind, 3)]), FramingError);
});

/** `struct event` of bpf/events/event.h and EventRecord of protocol.ts are the same layout. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../../build/paths.ts';
import { EventFlag, EventKind, EventRecord } from '../../../common/protocol.ts';

const source = readFileSync(join(repoRoot, 'bpf/events/event.h'), 'utf8');

/** Offsets as a C compiler lays them out: every member at a multiple of its own size. */
function structLayout(): Record<string, number> {
  const body = /struct event \{\n(.*?)\n\};/s.exec(source)?.[1] ?? '';
  const layout: Record<string, number> = {};
  let at = 0;
  for (const line of body.split('\n')) {
    const member = /^\s*(?:__u(8|16|32|64)|(char)) (\w+)(?:\[(\d+)\])?;$/.exec(line);
    assert.ok(member !== null, `not understood: ${line}`);
    const size = member[2] === undefined ? Number(member[1]) / 8 : 1;
    at = Math.ceil(at / size) * size;
    const name = (member[3] ?? '').replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    layout[name] = at;
    at += size * Number(member[4] ?? 1);
  }
  layout.bytes = at;
  return layout;
}

test('the fields are where protocol.ts says', () => {
  assert.deepEqual(structLayout(), { ...EventRecord });
});

test('kinds and flags have the same values', () => {
  const values = Object.fromEntries(
    [...source.matchAll(/^\s*EVENT_(\w+) = (\d+)/gm)].map(
      (match) => [match[1] ?? '', Number(match[2])] as const,
    ),
  );
  assert.deepEqual(values, {
    FUNCTION: EventKind.Function,
    DROP: EventKind.Drop,
    TUPLE: EventFlag.Tuple,
    IPV6: EventFlag.Ipv6,
    FRAGMENT: EventFlag.Fragment,
  });
});

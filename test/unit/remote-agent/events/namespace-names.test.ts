import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventsHeader, type NamespaceName } from '../../../../common/protocol.ts';
import { NamespaceNames } from '../../../../remote-agent/events/namespace-names.ts';
import { batch, type TestEvent } from '../../../support/agent/records.ts';

/** A target whose namespaces change, and a clock. */
class Target {
  mounted = new Map<number, string>();
  processes = new Map<number, string>();
  looks = { mounts: 0, processes: 0 };
  milliseconds = 0;
  readonly names = new NamespaceNames({
    mounted: () => {
      this.looks.mounts++;
      return this.mounted;
    },
    ofProcesses: () => {
      this.looks.processes++;
      return this.processes;
    },
    now: () => this.milliseconds,
  });

  take(...events: TestEvent[]): NamespaceName[] {
    const frame = Buffer.from(batch(events));
    return this.names.newIn({ frame, count: events.length }, EventsHeader.bytes);
  }
}

const BLUE = { inode: 20, name: 'blue' };

test('a namespace is told with its first event, and looked for once', () => {
  const target = new Target();
  target.mounted.set(BLUE.inode, BLUE.name);
  target.processes.set(10, 'systemd:1').set(BLUE.inode, 'nginx:70');
  const extras = { caller: 0xffff_8100_0000 };
  assert.deepEqual(target.take({ netns: 10, extras }, { netns: BLUE.inode }, { netns: 30 }, { netns: 0 }), [
    BLUE,
    { inode: 10, name: 'systemd:1' },
  ]);
  const { mounts } = target.looks;
  assert.deepEqual(target.take({ netns: 10 }, { netns: BLUE.inode }, { netns: 30, extras }), []);
  assert.deepEqual(target.looks, { mounts, processes: 1 });
});

test('one that is made while tracing has its name at once, or when it gets it', () => {
  const target = new Target();
  assert.deepEqual(target.take({ netns: 20 }), []);
  target.mounted.set(40, 'green');
  assert.deepEqual(target.take({ netns: 40 }), [{ inode: 40, name: 'green' }]);
  target.mounted.set(BLUE.inode, BLUE.name);
  assert.deepEqual(target.take({ netns: 20 }), []);
  target.milliseconds += 1000;
  assert.deepEqual(target.take({ netns: 20 }), [BLUE]);
});

test('a number that is given out again gets the other name, and what is gone keeps its own until then', () => {
  const target = new Target();
  target.mounted.set(BLUE.inode, BLUE.name);
  assert.deepEqual(target.take({ netns: 20 }), [BLUE]);
  target.mounted.clear();
  target.milliseconds += 1000;
  assert.deepEqual(target.take({ netns: 20 }), []);
  target.mounted.set(20, 'red');
  target.milliseconds += 1000;
  assert.deepEqual(target.take({ netns: 20 }), [{ inode: 20, name: 'red' }]);
  target.mounted.clear();
  target.processes.set(20, 'sh:99');
  target.milliseconds += 1000;
  assert.deepEqual(target.take({ netns: 20 }), [{ inode: 20, name: 'sh:99' }]);
});

/** Whatever row is in the table: the command line, debug configurations and the request to the target obey it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequest } from '../../../../../common/messages.ts';
import { parseCommandLine } from '../../../../../extension/cli/command-line.ts';
import { parseLaunch } from '../../../../../extension/tracing/launch-configuration.ts';
import { defaultOf, type Option } from '../../../../../extension/tracing/options/option.ts';
import {
  askedOfTarget,
  TRACE_OPTION_GROUPS,
  TRACE_OPTIONS,
} from '../../../../../extension/tracing/options/trace-options.ts';
import { sampleOf } from '../../../../support/options/sample.ts';

const rows = Object.entries<Option>(TRACE_OPTIONS);

function inTerminal(...args: string[]): Record<string, unknown> {
  const command = parseCommandLine(['trace', 'host', ...args]);
  assert.ok(command.name === 'trace');
  return { ...command };
}

const inEditor = (attributes: object): Record<string, unknown> => ({
  ...parseLaunch({ target: 'host', ...attributes }),
});

test('the table is the sum of its groups, and each name is one option’s', () => {
  const keys = Object.values(TRACE_OPTION_GROUPS).flatMap((table) => Object.keys(table));
  assert.deepEqual(keys.sort(), rows.map(([key]) => key).sort());
  const names = rows.flatMap(([, { name, short }]) => [name, short]).filter((name) => name !== undefined);
  assert.deepEqual(names, [...new Set(names)]);
});

test('each option of the command line has its default, and the value that is given', () => {
  for (const [key, option] of rows) {
    if (option.name === undefined) continue;
    const { word, json } = sampleOf(option);
    assert.deepEqual(inTerminal()[key], defaultOf(option), key);
    assert.deepEqual(inTerminal(`--${option.name}=${word}`)[key], json, key);
    if (option.type !== 'toggle') assert.deepEqual(inTerminal(`--${option.name}`, word)[key], json, key);
    for (const alias of option.aliases ?? [])
      assert.deepEqual(inTerminal(`--${alias}=${word}`)[key], json, alias);
    if (option.short !== undefined && option.type !== 'toggle')
      assert.deepEqual(inTerminal(`-${option.short}`, word)[key], json, key);
  }
});

test('a debug configuration takes the options that are for it, and no others', () => {
  for (const [key, option] of rows) {
    const { json } = sampleOf(option);
    assert.deepEqual(inEditor({})[key], defaultOf(option), key);
    assert.deepEqual(inEditor({ [key]: json })[key], option.launch === true ? json : defaultOf(option), key);
  }
});

test('what an option asks the target for is in the request, and the agent can read it', () => {
  const wire = (values: object) => {
    const request = {
      type: 'start',
      filter: null,
      ringBufferBytes: 0,
      ...askedOfTarget({ ...inEditor({}), ...values }),
    };
    const read = parseRequest(Buffer.from(JSON.stringify(request)));
    return JSON.stringify(read);
  };
  for (const [key, option] of rows) {
    const { json } = sampleOf(option);
    if (option.request === undefined) assert.equal(wire({ [key]: json }), wire({}), key);
    else assert.notEqual(wire({ [key]: json }), wire({}), key);
  }
  assert.equal(wire({}), wire({ functions: undefined, backend: undefined }));
});

test('a mistake in a debug configuration names the attribute and what it should be', () => {
  for (const [attributes, message] of [
    [{ backend: 'fast' }, /"backend" .* is "fast", not one of auto, kprobe-multi, fentry-multi, kprobe/],
    [{ track: 'yes' }, /"track" .* is "yes", not true or false/],
    [{ functions: 7 }, /"functions" .* is 7, not a text/],
    [{ target: 7 }, /"target" .* is 7, not a text/],
    [{ target: ' ' }, /names no target/],
  ] as const)
    assert.throws(() => inEditor(attributes), { name: 'PacketTraceError', code: 'usage', message });
  assert.throws(() => inEditor({ backend: 'kprobe-mutli' }), { remedy: /"kprobe-multi"/ });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fileRegion, launchRegions } from '../../../../../extension/filter/language/regions.ts';

const TYPE = 'packet-trace';

test('a file is one filter; its comments are blanked out', () => {
  const region = fileRegion('tcp # web\nor udp');
  assert.equal(region.text, 'tcp      \nor udp');
  assert.equal(region.toDocument(12), 12);
});

test('launch.json: the filters of packet traces, by their type', () => {
  const json = `{ // comment
    "configurations": [
      { "type": "node", "filter": "no" },
      { "filter": "tcp", "type": "packet-trace", "tunnelFilterL2": "arp", "tunnelFilterL3": 5, },
      { "type": "packet-trace", "env": { "filter": "no" }, "tunnelFilterL3": "udp" },
    ],
  }`;
  assert.deepEqual(
    launchRegions(json, TYPE).map(({ text, start, end }) => [text, json.slice(start, end)]),
    [
      ['tcp', 'tcp'],
      ['arp', 'arp'],
      ['udp', 'udp'],
    ],
  );
});

test('offsets go through every JSON escape', () => {
  const raw = String.raw`ip proto \\tcp \u0026\u0026 \"x\" \/`;
  const json = `{"type":"packet-trace","filter":"${raw}"}`;
  const [region] = launchRegions(json, TYPE);
  assert.equal(region?.text, 'ip proto \\tcp && "x" /');
  const at = region.text.indexOf('&&');
  assert.equal(json.slice(region.toDocument(at), region.toDocument(at + 2)), String.raw`\u0026\u0026`);
  assert.equal(region.toDocument(region.text.length), region.end);
  assert.equal(region.toFilter(json.indexOf('tcp')), region.text.indexOf('\\tcp') + 1);
  assert.equal(region.toFilter(region.end), region.text.length);
});

test('any text survives: offsets map to where each character is written', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const json = JSON.stringify({ type: TYPE, filter: text });
      const [region] = launchRegions(json, TYPE);
      assert.equal(region?.text, text);
      assert.equal(region.encode(text), json.slice(region.start, region.end));
      for (let index = 0; index < text.length; index++) {
        const written = json.slice(region.toDocument(index), region.toDocument(index + 1));
        assert.equal(JSON.parse(`"${written}"`), text[index]);
        assert.equal(region.toFilter(region.toDocument(index)), index);
      }
    }),
  );
});

test('a string that is still being typed has its text to the end of the line', () => {
  const json = '{ "type": "packet-trace",\n  "filter": "tcp po\n}';
  const [region] = launchRegions(json, TYPE);
  assert.equal(region?.text.trimEnd(), 'tcp po');
});

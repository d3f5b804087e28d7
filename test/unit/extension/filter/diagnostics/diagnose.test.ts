/** Diagnostics: explanations and repairs of refused filters, lints of valid ones, silence about usual ones. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { before, describe, it } from 'node:test';
import { compileWith, type FilterLibrary } from '../../../../../extension/filter/libpcap/compile.ts';
import { diagnose } from '../../../../../extension/filter/diagnostics/diagnose.ts';
import type { FilterFix } from '../../../../../extension/filter/diagnostics/diagnostic.ts';
import {
  editDistance,
  keywords,
  nearest,
} from '../../../../../extension/filter/diagnostics/recovery/vocabulary.ts';
import { badFilters } from '../../../../support/filter/bad-filters.ts';
import { wellFormedFilter, wordsInAnyOrder } from '../../../../support/filter/filter-arbitrary.ts';
import { FILTERS } from '../../../../support/filter/filter-corpus.ts';
import { loadFilterLibrary } from '../../../../support/filter/filter-library.ts';

describe('diagnostics of a filter', () => {
  let library: FilterLibrary;
  before(async () => {
    library = await loadFilterLibrary();
  });

  function accepted(text: string): boolean {
    return (['EN10MB', 'RAW'] as const).some(
      (link) => compileWith(library, text, link, { optimize: true }).ok,
    );
  }

  /** The repaired filters, the preferred one marked. */
  function repairs(text: string): string[] {
    return diagnose(library, text).flatMap(({ fixes }) =>
      fixes.map((fix) => `${fix.preferred ? '* ' : ''}${applied(text, fix)}`),
    );
  }

  /** `code: text it is about` */
  function lints(text: string, severity: 'warning' | 'information' = 'warning'): string[] {
    return diagnose(library, text)
      .filter((found) => found.severity === severity)
      .map(({ code, start, end }) => `${code}: ${text.slice(start, end)}`);
  }

  function codeOf(text: string): string | undefined {
    return diagnose(library, text)[0]?.code;
  }

  it('has exactly one error for each bad filter, that begins with what libpcap says', () => {
    for (const { text } of badFilters) {
      const result = compileWith(library, text, 'EN10MB', { optimize: true });
      const [error, ...others] = diagnose(library, text);
      assert.deepEqual(others, [], text);
      assert.ok(error?.severity === 'error' && !result.ok && error.message.startsWith(result.message), text);
      assert.ok(error.message.length > result.message.length + 2, `${text}: plain words`);
    }
  });

  it('offers only repairs that compile, whatever the words', () => {
    let offered = 0;
    const check = (text: string) => {
      for (const { start, end, severity, fixes } of diagnose(library, text)) {
        assert.ok(0 <= start && start <= end && end <= text.length, text);
        if (severity === 'error') assert.ok(!accepted(text), text);
        for (const fix of fixes) {
          assert.ok(accepted(applied(text, fix)), `${text} -> ${applied(text, fix)}`);
          assert.notEqual(applied(text, fix), text);
          offered++;
        }
        assert.ok(fixes.filter(({ preferred }) => preferred).length <= 1, text);
      }
    };
    for (const { text } of badFilters) check(text);
    fc.assert(fc.property(wordsInAnyOrder, check), { numRuns: 300 });
    fc.assert(fc.property(wellFormedFilter, check), { numRuns: 200 });
    assert.ok(offered > 100, `${offered} repairs`);
  });

  it('translates display filters of Wireshark', () => {
    const translations: Record<string, string> = {
      'tcp.port == 80': 'tcp port 80',
      'ip.addr == 1.2.3.4': 'host 1.2.3.4',
      'ip.src == 10.0.0.0/8 && udp.dstport eq 53': 'src net 10.0.0.0/8 && udp dst port 53',
      'tcp.port != 22': 'not tcp port 22',
      'tcp.srcport >= 1024': 'tcp src portrange 1024-65535',
      'tcp.port in {80, 443, 8000..8080}': '(tcp port 80 or tcp port 443 or tcp portrange 8000-8080)',
      'ipv6.dst == 2001:db8::1': 'ip6 dst host 2001:db8::1',
      'tcp.flags.syn == 1 and tcp.flags.ack == 0':
        'tcp[tcpflags] & tcp-syn != 0 and tcp[tcpflags] & tcp-ack = 0',
      'arp.opcode == 2': 'arp[6:2] = 2',
      'frame.len > 100': 'len > 100',
      'http || dns': 'tcp port 80 || port 53',
    };
    for (const [display, filter] of Object.entries(translations))
      assert.ok(
        repairs(display).some((repair) => repair.replace('* ', '') === filter),
        `${display}: ${repairs(display).join()}`,
      );
    const [untranslatable] = diagnose(library, 'http.host contains "example"');
    assert.equal(untranslatable?.code, 'wireshark-syntax');
    assert.match(untranslatable.message, /cannot say it/);
    assert.deepEqual(untranslatable.fixes, []);
  });

  it('mends what is obvious', () => {
    const mended: Record<string, string> = {
      'tcp port == 80': '* tcp port 80',
      'port > 1023': '* portrange 1024-65535',
      'host != 10.0.0.1': '* not host 10.0.0.1',
      'tcp[13] & 2 =< 1': '* tcp[13] & 2 <= 1',
      'tcp[tcpflags] && tcp-syn != 0': '* tcp[tcpflags] & tcp-syn != 0',
      'icmp | udp': '* icmp or udp',
      'TCP Port 80': '* tcp port 80',
      '10.0.0.1': '* host 10.0.0.1',
      'udp 53': '* udp port 53',
      'tcp ports 80': '* tcp port 80',
      'src ip 10.0.0.1': '* src host 10.0.0.1',
      'port 80,443': '* port 80 or port 443',
      'icmp or port 80,443': '* icmp or (port 80 or port 443)',
      'port 1-100': '* portrange 1-100',
      'host 10.0.0.0/24': '* net 10.0.0.0/24',
      'net 10.1.2.3/9': '* net 10.0.0.0/9',
      'net 2001:db8::1/33': '* net 2001:db8::/33',
      'ip host ::1': '* ip6 host ::1',
      'host 0:11:22:33:44:55': '* ether host 0:11:22:33:44:55',
      'tcp port htpp': '* tcp port http',
      'tcp port 8O': '* tcp port 80',
      'icmp6[icmp6type] = icmp6-multicastlistnerreportv2':
        '* icmp6[icmp6type] = icmp6-multicastlistenerreportv2',
      'udp port http': '* udp port 80',
      'ip proto ospff': '* ip proto ospf',
      'icmp or (tcp': '* icmp or (tcp)',
      'tcp)': '* tcp',
      'tcp[13': '* tcp[13] != 0',
      'tcp or': '* tcp',
      'tcp and ()': '* tcp',
      '-i eth0 -nn tcp': '* tcp',
      "sudo tcpdump -i any 'port 80 or icmp'": '* port 80 or icmp',
      '"tcp port 80"': '* tcp port 80',
      'portrange 1\u20135': '* portrange 1-5',
      'tcp port 80 # web': '* tcp port 80',
      'host localhost': '* host 127.0.0.1',
    };
    for (const [text, repair] of Object.entries(mended))
      assert.ok(repairs(text).includes(repair), `${text}: ${repairs(text).join(' | ')}`);
  });

  it('mends several mistakes together, and prefers none of two that are as probable', () => {
    assert.deepEqual(repairs('tpc port 80 adn hsot 10.0.0.1'), ['tcp port 80 and host 10.0.0.1']);
    assert.deepEqual(repairs('host 10.0.0.1 port 80'), [
      'host 10.0.0.1 and port 80',
      'host 10.0.0.1 or port 80',
    ]);
  });

  it('says what a value is wrong about', () => {
    assert.equal(codeOf('ether host 00:11:22:33:44'), 'address');
    assert.equal(codeOf('host 1.2.3.256'), 'address');
    assert.equal(codeOf('port 70000'), 'number');
    assert.equal(codeOf('tcp and host example.org'), 'unknown-host');
    assert.equal(codeOf('tcp dst port'), 'missing-value');
    assert.equal(codeOf('type mgt'), 'link-type');
  });

  it('finds the terms that exclude each other', () => {
    const text = 'host 10.0.0.1 and (icmp or (udp and tcp port 80)) and arp';
    const [error] = diagnose(library, text);
    assert.equal(error?.code, 'contradiction');
    assert.equal(text.slice(error.start, error.end), '(icmp or (udp and tcp port 80)) and arp');
    assert.deepEqual(repairs('ip6 and tcp and udp'), ['* ip6 and tcp or udp']);
    assert.deepEqual(repairs('tcp and vlan'), ['* vlan and tcp', 'tcp or vlan']);
  });

  it('is silent about usual filters', () => {
    const usual = FILTERS.filter(
      (text) => !/arp|ether|vlan|mpls|pppoe|stp|\bport\w* (?!80)|or (?!.*\))/.test(text),
    );
    assert.ok(usual.length > 20, `${usual.length}`);
    for (const text of [
      ...usual,
      'tcp port 80',
      'host 1.1.1.1 and icmp',
      'not arp and tcp',
      'tcp and not port 22',
    ])
      assert.deepEqual(diagnose(library, text), [], text);
  });

  it('tells of what is always true or false on a link type', () => {
    assert.deepEqual(lints('arp'), ['never-on-link-type: arp']);
    assert.deepEqual(lints('vlan 5 and host 10.0.0.1'), ['never-on-link-type: vlan 5']);
    assert.deepEqual(lints('not arp'), ['always-on-link-type: arp']);
    assert.deepEqual(lints('icmp or arp', 'information'), ['never-on-link-type: arp']);
    assert.deepEqual(lints('tcp or not tcp'), ['always: tcp or not tcp']);
    assert.deepEqual(lints('icmp or (tcp and udp)'), ['never: (tcp and udp)']);
  });

  it('tells of precedence', () => {
    assert.deepEqual(lints('tcp or udp and host 10.0.0.1'), ['precedence: tcp or udp and host 10.0.0.1']);
    assert.deepEqual(repairs('tcp or udp and host 10.0.0.1'), [
      '(tcp or udp) and host 10.0.0.1',
      'tcp or (udp and host 10.0.0.1)',
    ]);
    assert.deepEqual(lints('tcp and host 10.0.0.1 or udp'), []);
    assert.deepEqual(lints('not tcp or icmp'), ['negation: not tcp or icmp']);
    assert.deepEqual(repairs('not tcp or icmp'), ['not (tcp or icmp)', '(not tcp) or icmp']);
    assert.deepEqual(lints('not (tcp or icmp)'), []);
    assert.deepEqual(lints('tcp or udp port 53'), ['qualifier-reach: tcp or udp port 53']);
  });

  it('tells of terms that often mean something else', () => {
    assert.deepEqual(lints('port http'), ['one-transport: port http']);
    assert.deepEqual(lints('tcp port http'), []);
    assert.deepEqual(lints('port domain'), []);
    assert.deepEqual(lints('tcp or host 80'), ['short-address: host 80']);
    assert.deepEqual(repairs('net 172.16.0.0'), ['* net 172.16.0.0/16']);
    assert.deepEqual(
      lints('ether proto 0x8100').filter((lint) => lint.startsWith('tag')),
      ['tag-outside: ether proto 0x8100'],
    );
    assert.deepEqual(lints('udp port 53 or port 123', 'information'), ['fragments: udp port 53']);
    assert.deepEqual(repairs('tcp or icmp or tcp'), ['* tcp or icmp']);
  });

  it('tells where a tag moves the offsets of other terms', () => {
    const moved = (text: string) => lints(text).filter((lint) => lint.startsWith('offsets-move'));
    assert.deepEqual(moved('vlan 5 or tcp'), ['offsets-move: vlan 5']);
    assert.deepEqual(moved('tcp or vlan 5'), []);
    assert.deepEqual(moved('vlan 5 and tcp'), []);
    assert.deepEqual(moved('not vlan and tcp'), ['offsets-move: vlan']);
    assert.deepEqual(repairs('vlan or tcp'), ['* tcp or vlan']);
  });

  it('measures the distance of words', () => {
    assert.equal(editDistance('prot', 'port'), 1);
    assert.equal(editDistance('htpp', 'http'), 1);
    assert.equal(editDistance('tcp', 'tcp'), 0);
    assert.deepEqual(nearest('portrnage', keywords), ['portrange']);
    assert.deepEqual(nearest('xyzzy', keywords), []);
  });
});

function applied(text: string, { edits }: FilterFix): string {
  return edits.reduceRight(
    (result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end),
    text,
  );
}

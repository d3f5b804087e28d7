/** Command lines of pwru, from its README and its CI: the program's name and the target changed, they are ours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from '../../../../extension/cli/command-line.ts';
import { optionsOf } from '../../../../extension/cli/options.ts';

/** Of pwru's newest, August 2026; those of a file's rotation aside. */
const OPTIONS = [
  'help',
  'version',
  'kernel-btf',
  'kmods',
  'all-kmods',
  'filter-func',
  'filter-non-skb-funcs',
  'filter-netns',
  'filter-mark',
  'filter-track-skb',
  'filter-track-skb-by-stackid',
  'filter-track-bpf-helpers',
  'filter-trace-tc',
  'filter-tunnel-pcap-l2',
  'filter-tunnel-pcap-l3',
  'filter-trace-xdp',
  'filter-ifname',
  'filter-kprobe-batch',
  'filter-skb-expr',
  'filter-xdp-expr',
  'timestamp',
  'output-meta',
  'output-netns-names',
  'netns-names-max-length',
  'output-tuple',
  'output-skb',
  'output-skb-shared-info',
  'output-tunnel',
  'output-stack',
  'output-bpfmap',
  'output-caller',
  'output-limit-lines',
  'output-skb-cb',
  'output-tcp-flags',
  'output-skb-metadata',
  'output-xdp-metadata',
  'output-file',
  'output-file-max-size',
  'output-file-max-backups',
  'output-file-max-age',
  'output-file-compress',
  'output-json',
  'ready-file',
  'backend',
  'set-percpu-buf',
  'debug',
];

const ours = new Set([
  'help',
  'version',
  ...optionsOf(['trace']).flatMap(({ name, aliases = [] }) => [name, ...aliases]),
]);

test('pwru’s options are ours, but for those that are named here', () => {
  assert.deepEqual(
    OPTIONS.filter((name) => !ours.has(name)),
    ['output-bpfmap'],
  );
});

test('pwru’s command lines are ours', () => {
  const ci = ['--output-tuple', '--output-file=/tmp/pwru-t.log', '--ready-file=/tmp/pwru-t.ready'];
  const lines: [args: string[], filter: string][] = [
    [['--output-tuple', 'host 1.1.1.1'], 'host 1.1.1.1'],
    [['--filter-func=.*foo.*'], ''],
    [[...ci, 'dst host 1.0.0.1 and port 8080'], 'dst host 1.0.0.1 and port 8080'],
    [[...ci, 'dst host 2606:4700:4700::1001 and port 8080'], 'dst host 2606:4700:4700::1001 and port 8080'],
    [[...ci, 'tcp[tcpflags] = tcp-syn'], 'tcp[tcpflags] = tcp-syn'],
    [[...ci, 'ip6[53] & 0x3f = 0x2'], 'ip6[53] & 0x3f = 0x2'],
    [
      [...ci, '(((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)'],
      '(((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)',
    ],
    [[...ci, '--filter-track-skb', 'dst host 10.10.20.99'], 'dst host 10.10.20.99'],
    [[...ci, '--filter-skb-expr', 'skb->dev->ifindex == 1', 'icmp'], 'icmp'],
    [[...ci, '--filter-ifname', 'lo', 'icmp'], 'icmp'],
    [[...ci, '--backend=kprobe-multi', 'dst host 1.0.0.1 and port 8080'], 'dst host 1.0.0.1 and port 8080'],
    [
      [...ci, '--filter-trace-tc', '--filter-trace-xdp', 'dst host 1.0.0.1 and port 8080'],
      'dst host 1.0.0.1 and port 8080',
    ],
  ];
  const named = (args: string[]) => args.flatMap((arg) => /^--([\w-]+)/.exec(arg)?.[1] ?? []);
  const parsed = lines.filter(([args]) => named(args).every((name) => ours.has(name)));
  assert.ok(parsed.length > 1);
  for (const [args, filter] of parsed) {
    const command = parseCommandLine(['trace', 'local', ...args]);
    assert.ok(command.name === 'trace');
    assert.equal(command.filter, filter);
  }
});

/** What is shown of the packets, and where. */
import { PacketLimit } from '../../../common/layouts.ts';
import { KEEP_EVENTS } from '../../recording/retention.ts';
import { choice, number, type OptionTable, text, toggle } from './option.ts';

export const OUTPUT_OPTIONS = {
  tuple: toggle({
    name: 'output-tuple',
    default: true,
    help: 'print addresses and ports',
  }),
  meta: toggle({
    name: 'output-meta',
    default: true,
    help: 'print netns, mark, interface, protocol, MTU and length',
  }),
  caller: toggle({
    name: 'output-caller',
    help: 'print which function called the probed one',
    docs: 'see [More of each step](terminal.md#more-of-each-step), as for the next six',
    request: (caller) => ({ caller }),
  }),
  stack: toggle({
    name: 'output-stack',
    help: 'print the kernel functions that led to each step, with `--checkout` where they are in the source',
    request: (stack) => ({ stack }),
  }),
  packetBytes: number({
    name: 'output-bytes',
    value: 'N',
    default: 0,
    least: 0,
    most: PacketLimit.PacketBytes,
    help: "print the packet's first N bytes, from its Ethernet header on where it has one, whenever they changed; 0: none",
    request: (packetBytes) => ({ packetBytes }),
  }),
  skb: toggle({
    name: 'output-skb',
    help: 'print the members of `struct sk_buff`',
    request: (skb) => ({ skb }),
  }),
  sharedInfo: toggle({
    name: 'output-skb-shared-info',
    help: 'print the members of `struct skb_shared_info`',
    request: (sharedInfo) => ({ sharedInfo }),
  }),
  cb: toggle({
    name: 'output-skb-cb',
    help: 'print `skb->cb`, the 48 bytes that each layer uses for itself',
    request: (cb) => ({ cb }),
  }),
  tunnel: toggle({
    name: 'output-tunnel',
    help: 'print addresses and ports of the packet inside of a tunnel (VXLAN, Geneve, GRE, IP in IP)',
    request: (tunnel) => ({ tunnel }),
  }),
  timestamp: choice({
    name: 'timestamp',
    value: 'KIND',
    choices: {
      none: 'no time',
      current: 'nanoseconds since the target booted',
      relative: 'nanoseconds since the same packet was seen before',
      absolute: "the target's time of day too",
    },
    default: 'none',
    help: 'print a time with each line',
  }),
  limitLines: number({
    name: 'output-limit-lines',
    value: 'N',
    default: 0,
    least: 0,
    help: 'stop after N events were printed; with 0 there is no limit',
  }),
  outputFile: text({
    name: 'output-file',
    value: 'FILE',
    names: 'path',
    example: '/var/log/trace.log',
    help: 'write to this file instead of standard output, behind what is there. A full file is put aside under a name with the time, as `trace-2026-05-06T07-08-09.123.log`',
  }),
  outputFileMaxSize: number({
    name: 'output-file-max-size',
    value: 'MB',
    default: 100,
    least: 1,
    help: 'megabytes after which an output file is full',
  }),
  outputFileMaxBackups: number({
    name: 'output-file-max-backups',
    value: 'N',
    default: 0,
    least: 0,
    help: 'keep so many output files that were put aside, the newest; with 0 all',
  }),
  outputFileMaxAge: number({
    name: 'output-file-max-age',
    value: 'DAYS',
    default: 0,
    least: 0,
    help: 'keep output files that were put aside for so many days; with 0 for ever',
  }),
  outputFileCompress: toggle({
    name: 'output-file-compress',
    help: 'compress output files that were put aside with gzip',
  }),
  checkout: text({
    name: 'checkout',
    value: 'DIR',
    names: 'folder',
    example: '~/src/linux',
    help: 'print where in this kernel checkout functions are defined and packets were dropped',
    docs: "see [With the kernel's source](terminal.md#with-the-kernels-source)",
  }),
  debugInfo: text({
    name: 'debug-info',
    value: 'PATH',
    names: 'path',
    example: '~/build/vmlinux',
    help: "with `--checkout`: a vmlinux with debug information of the target's kernel, or a folder with debug files, for the lines of drops; by default the checkout and `/usr/lib/debug` are searched",
  }),
  keepEvents: number({
    name: 'keep-events',
    value: 'N',
    default: KEEP_EVENTS,
    least: 1,
    help: 'where lines are read more slowly than events come, about the newest N events wait; older ones are forgotten',
    docs: 'see [Memory](terminal.md#memory)',
  }),
  readyFile: text({
    name: 'ready-file',
    value: 'FILE',
    names: 'path',
    example: '/tmp/ready',
    help: 'create FILE, or renew its time, once the probes are attached; where it cannot be written, nothing is begun',
  }),
  tcpFlags: toggle({
    name: 'output-tcp-flags',
    help: 'print the flags of TCP segments with addresses and ports, as `(tcp:SYN|ACK)`',
  }),
  percpuBuffer: number({
    name: 'set-percpu-buf',
    value: 'BYTES',
    default: 4096,
    least: 0,
    most: 2 ** 32 - 1,
    help: 'accepted, as pwru has it, without effect',
    noEffect: 'Nothing is printed in the kernel here, so that --set-percpu-buf has no effect.',
  }),
  json: toggle({
    name: 'json',
    aliases: ['output-json'],
    help: 'print one JSON object a line; what concerns text only has no effect then',
    docs: 'see [json.md](json.md)',
  }),
  verbose: toggle({
    name: 'verbose',
    short: 'v',
    aliases: ['debug'],
    help: 'say on standard error what is being done, how long it took, and which functions were not attached',
  }),
} satisfies OptionTable;

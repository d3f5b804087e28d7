/** What is probed, and how. */
import { choice, list, number, type OptionTable, text, toggle } from './option.ts';

export const PROBE_OPTIONS = {
  functions: text({
    name: 'filter-func',
    value: 'PATTERN',
    example: 'ip_.*|nf_.*',
    launch: true,
    help: 'probe only functions whose whole name matches this regular expression (RE2). Empty: every function that takes a packet',
    request: (pattern) => ({ functions: pattern === '' ? null : pattern }),
  }),
  modules: list({
    name: 'kmods',
    value: 'MODULES',
    example: 'nf_conntrack,nf_tables',
    launch: true,
    help: 'probe functions of the kernel itself and of these modules only; empty: of all modules',
    request: (names) => (names.length === 0 ? {} : { modules: [...names] }),
  }),
  allModules: toggle({
    name: 'all-kmods',
    help: 'accepted, as pwru has it, without effect: the functions of all modules are probed unless `--kmods` names some',
    noEffect:
      'The functions of all modules are probed unless --kmods names some: --all-kmods changes nothing.',
  }),
  kprobeBatch: number({
    name: 'filter-kprobe-batch',
    value: 'N',
    default: 10,
    least: 0,
    help: 'accepted, as pwru has it, without effect',
    noEffect: 'All kprobes are attached at once here, so that --filter-kprobe-batch has no effect.',
  }),
  bystanders: list({
    name: 'filter-non-skb-funcs',
    value: 'NAMES',
    example: 'fib_table_lookup,neigh_lookup',
    launch: true,
    help: 'probe these functions without a packet too: each call is a step of the packet whose function called it; on x86-64',
    docs: 'see [Functions without a packet](terminal.md#functions-without-a-packet)',
    request: (names) => (names.length === 0 ? {} : { bystanders: [...names] }),
  }),
  byStack: toggle({
    name: 'filter-track-skb-by-stackid',
    help: 'as in pwru; it is what `--filter-non-skb-funcs` does by itself, and changes nothing',
  }),
  trackBpfHelpers: toggle({
    name: 'filter-track-bpf-helpers',
    launch: true,
    help: 'probe the functions too that BPF programs on packets call (helpers, kfuncs), of programs that are loaded when the trace starts: each call is a step of its packet; on x86-64',
    docs: 'see [BPF programs](terminal.md#bpf-programs)',
    request: (on) => (on ? { calledFunctions: true } : {}),
  }),
  traceTc: toggle({
    name: 'filter-trace-tc',
    launch: true,
    help: 'trace the BPF programs of tc too (classifiers and actions, netkit): each call is a step of its packet, and what it returned another; on arm64 since kernel 6.0',
    docs: 'see [BPF programs](terminal.md#bpf-programs)',
    request: (on) => (on ? { tcPrograms: true } : {}),
  }),
  traceXdp: toggle({
    name: 'filter-trace-xdp',
    launch: true,
    help: 'trace the BPF programs of XDP too: each call is a step of its packet, of which there may be no skb yet, and what it returned another; on arm64 since kernel 6.0',
    docs: 'see [BPF programs](terminal.md#bpf-programs)',
    request: (on) => (on ? { xdpPrograms: true } : {}),
  }),
  kernelBtf: text({
    name: 'kernel-btf',
    value: 'FILE',
    example: '/root/vmlinux.btf',
    launch: true,
    help: 'file on the target with the type information (BTF) of the kernel that runs there, raw or in an ELF file, in place of what the kernel tells; for kernels without any of their own',
    docs: 'see [Kernels without types](terminal.md#kernels-without-types)',
    wants: (path) => (path.startsWith('/') ? undefined : 'the whole path of a file on the target'),
    request: (path) => (path === '' ? {} : { kernelBtf: path }),
  }),
  backend: choice({
    name: 'backend',
    value: 'BACKEND',
    launch: true,
    choices: {
      auto: "the fastest way that the target's kernel has",
      'kprobe-multi': 'one kprobe.multi link for all functions; needs a kernel with FPROBE',
      'fentry-multi':
        'tracing-multi links, which pass over fewer hits; for kernel 7.2 and newer on x86-64, without functions that have several of their name',
      kprobe: 'plain kprobes, one a function; works on every kernel',
    },
    default: 'auto',
    help: 'how probes are attached',
    request: (backend) => ({ backend }),
  }),
} satisfies OptionTable;

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
  allModules: toggle({
    name: 'all-kmods',
    help: 'accepted, as pwru has it, without effect: the functions of all modules are probed anyway',
    noEffect: 'The functions of all modules are probed anyway: --all-kmods changes nothing.',
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
  backend: choice({
    name: 'backend',
    value: 'BACKEND',
    launch: true,
    choices: {
      auto: "the fastest way that the target's kernel has",
      'kprobe-multi': 'one kprobe.multi link for all functions; needs a kernel with FPROBE',
      kprobe: 'plain kprobes, one a function; works on every kernel',
    },
    default: 'auto',
    help: 'how probes are attached',
    request: (backend) => ({ backend }),
  }),
} satisfies OptionTable;

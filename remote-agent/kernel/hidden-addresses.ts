import { join } from 'node:path';
import { KALLSYMS, showsAddresses } from './kallsyms.ts';
import { readStart, readText } from './read-file.ts';

/** Variables per CPU, at low addresses before Linux 6.15, come before the first function: some hundred lines. */
const FIRST_FUNCTION_WITHIN = 512 * 1024;
/** This value of kernel.kptr_restrict hides addresses from everybody; 0 and 1 show them to who has CAP_SYSLOG. */
const HIDDEN_FROM_ALL = '2';

/** Why the addresses of functions are not to be had, and what can be done about it. */
export interface HiddenAddresses {
  detail: string;
  remedy: string;
}

/** undefined: the kernel shows them to us. @param procfs where procfs is mounted */
export function hiddenAddresses(procfs = '/proc'): HiddenAddresses | undefined {
  const start = readStart(join(procfs, 'kallsyms'), FIRST_FUNCTION_WITHIN);
  if (start === undefined)
    return {
      detail: `the kernel does not tell where its functions are (no ${KALLSYMS})`,
      remedy: 'Use a kernel built with CONFIG_KALLSYMS.',
    };
  if (showsAddresses(start)) return undefined;
  const detail = `the kernel hides where its functions are: ${KALLSYMS} shows zeros`;
  if (readText(join(procfs, 'sys/kernel/kptr_restrict'))?.trim() === HIDDEN_FROM_ALL)
    return {
      detail: `${detail}, as kernel.kptr_restrict is 2`,
      remedy: 'As root: sysctl kernel.kptr_restrict=1',
    };
  return {
    detail,
    remedy: 'Trace as root; a container or service needs the capability CAP_SYSLOG, or trace its host.',
  };
}

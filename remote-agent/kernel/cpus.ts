import { readFileSync } from 'node:fs';

const POSSIBLE = '/sys/devices/system/cpu/possible';
const ONLINE = '/sys/devices/system/cpu/online';

/** How many CPUs the kernel has room for: one more than the highest number. @param list such as `0-3` or `0,2-5` */
export function possibleCpus(list = readFileSync(POSSIBLE, 'latin1')): number {
  return Math.max(...list.trim().split(/[,-]/).map(Number)) + 1;
}

/** The lowest number of a CPU that runs: CPU 0 can be switched off on arm64. @param list such as `0-3` or `1,3-5` */
export function firstOnlineCpu(list = readFileSync(ONLINE, 'latin1')): number {
  return Math.min(...list.trim().split(/[,-]/).map(Number));
}

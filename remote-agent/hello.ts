import { readFileSync } from 'node:fs';
import { cpus, hostname, machine, release } from 'node:os';
import { realtimeOffset } from './native/libc.ts';
import { PROTOCOL_VERSION, type Hello } from '../common/protocol.ts';

/** The agent's first message: who and where it is. */
export function makeHello(): Hello {
  return {
    type: 'hello',
    protocol: PROTOCOL_VERSION,
    pid: process.pid,
    nodeVersion: process.version,
    hostname: hostname(),
    kernelRelease: release(),
    machine: machine(),
    kernelVersion: readFileSync('/proc/version', 'utf8').trim(),
    cpus: cpus().length,
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
    realtimeOffset: realtimeOffset().toString(),
  };
}

/**
 * Runs in a guest beside the agent's native libraries: links each filter to the harness, loads both into the
 * guest's kernel, runs the harness and prints the decisions.
 */
import { readFileSync } from 'node:fs';
import {
  closeObject,
  findMap,
  findProgram,
  linkObjects,
  loadObject,
  mapFd,
  openObject,
  takeLibbpfLog,
} from '../../remote-agent/libbpf.ts';
import { close, mapShared, memfdCreate, pageSize } from '../../remote-agent/libc.ts';
import { koffi, nativeFile, useAgentFolder } from '../../remote-agent/native.ts';

/** Standard input, JSON; objects in base64. */
export interface FilterRunnerInput {
  harness: string;
  filters: string[];
  /** Calls that the harness makes. */
  calls: number;
}

/** Standard output, JSON: one for each filter. */
export interface FilterRunnerResult {
  /** 1 keeps, 0 does not; one for each call. */
  decisions: number[];
  /** Instructions that the verifier looked at; 0 before Linux 5.16, which does not tell. */
  verified: number;
  /** Why the kernel refused it; empty when it did not. */
  error: string;
}

/** struct bpf_prog_info of include/uapi/linux/bpf.h */
const PROG_INFO_BYTES = 232;
const PROG_INFO_VERIFIED_INSNS = 216;
/** struct bpf_test_run_opts of libbpf */
const TEST_RUN_OPTS_BYTES = 80;

function bind() {
  const libbpf = koffi().load(nativeFile('libbpf.so.1'));
  return {
    programFd: libbpf.func('int bpf_program__fd(void *)'),
    testRun: libbpf.func('int bpf_prog_test_run_opts(int, void *)'),
    info: libbpf.func('int bpf_obj_get_info_by_fd(int, void *, void *)'),
  };
}

function runFilter(
  api: ReturnType<typeof bind>,
  harnessFd: number,
  filter: Uint8Array,
  calls: number,
): FilterRunnerResult {
  const filterFd = memfdCreate('filter', filter);
  const linkedFd = memfdCreate('linked', new Uint8Array());
  try {
    const path = `/proc/self/fd/${linkedFd}`;
    linkObjects(path, [`/proc/self/fd/${harnessFd}`, `/proc/self/fd/${filterFd}`]);
    const object = openObject(path);
    try {
      loadObject(object);
      const fd = api.programFd(findProgram(object, 'run')) as number;
      const options = new Uint8Array(TEST_RUN_OPTS_BYTES);
      new DataView(options.buffer).setBigUint64(0, BigInt(options.length), true);
      const error = api.testRun(fd, options) as number;
      if (error !== 0) throw new Error(`BPF_PROG_TEST_RUN: ${error}`);
      const info = new Uint8Array(PROG_INFO_BYTES);
      const infoBytes = Uint32Array.of(info.length);
      if ((api.info(fd, info, infoBytes) as number) !== 0) throw new Error('no program info');
      const verified = new DataView(info.buffer).getUint32(PROG_INFO_VERIFIED_INSNS, true);
      const bss = mapShared(mapFd(findMap(object, '.bss')), 0, pageSize(), false);
      const decisions = [...new Uint8Array(bss.buffer, 0, calls)];
      bss.unmap();
      return { decisions, verified, error: '' };
    } finally {
      closeObject(object);
    }
  } catch (error) {
    return { decisions: [], verified: 0, error: `${String(error)}\n${takeLibbpfLog()}` };
  } finally {
    close(filterFd);
    close(linkedFd);
  }
}

useAgentFolder(__dirname);
const input = JSON.parse(readFileSync(0, 'utf8')) as FilterRunnerInput;
const api = bind();
const harnessFd = memfdCreate('harness', Buffer.from(input.harness, 'base64'));
const results = input.filters.map((filter) =>
  runFilter(api, harnessFd, Buffer.from(filter, 'base64'), input.calls),
);
process.stdout.write(JSON.stringify(results));

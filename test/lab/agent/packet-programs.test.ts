/** Tracing BPF programs that get packets, on kernels old and new. */
import { describe, test } from 'node:test';
import type { KernelName } from '../images/kernels.ts';
import { kernelsPlayed } from '../kernels-played.ts';
import { assertCalledFunctions, assertTcPrograms, assertXdpPrograms } from './packet-programs.ts';
import { agentSuite } from './suite.ts';

const KERNELS: readonly KernelName[] = ['6.12', '5.10', '6.1', '7.2'];

for (const kernel of kernelsPlayed(KERNELS))
  describe(`BPF programs on ${kernel}`, () => {
    const suite = agentSuite(kernel);

    test('classifiers of tc', () => assertTcPrograms(suite));
    test('functions that programs call', () => assertCalledFunctions(suite));
    test('XDP, on packets that are skbs and on such as are none', () => assertXdpPrograms(suite));
  });

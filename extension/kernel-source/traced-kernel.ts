import type { KernelAddress } from '../../common/kernel-address.ts';
import { unpackConfig, unpackNeighbourhood } from '../../common/packed.ts';
import type { KernelBuild, Neighbourhood, ProbedFunction } from '../../common/protocol.ts';
import { sourceName } from '../base/symbol.ts';
import type { KernelPlace } from '../recording/types.ts';
import { REACH } from './resolve/kallsyms.ts';
import type { CodePlace } from './symbolizer/match-function.ts';

/** What a target's kernel tells of its build, besides names. */
export class TracedKernel {
  private unpacked: Neighbourhood | undefined;
  private indices: Map<KernelAddress, number> | undefined;

  /** @param functions those probed, in the agent's order */
  constructor(
    private readonly functions: readonly ProbedFunction[],
    private readonly build: KernelBuild,
  ) {}

  /** Text of its configuration; undefined when the target does not show it. */
  get config(): string | undefined {
    return unpackConfig(this.build);
  }

  /** Names, as the source has them, of the functions before and after a place's function in memory. */
  neighbours({ start, neighbours }: KernelPlace): string[] {
    return (neighbours ?? this.around(start)).map(sourceName);
  }

  /** The place for a search of its line. A drop's address is where the call returns to that dropped the packet. */
  codePlace({ name, module, start, offset, distance, buildId }: KernelPlace): CodePlace {
    const { textStart } = this.build;
    return {
      name,
      module,
      offset,
      isReturnAddress: offset > 0,
      distance: distance ?? this.distance(start),
      ...(buildId !== undefined && { buildId }),
      ...(module === '' && textStart !== null && { fromStext: start - textStart }),
    };
  }

  private distance(start: KernelAddress): number | undefined {
    const distance = this.neighbourhood.distances[this.index(start) ?? -1];
    return distance === 0 ? undefined : distance;
  }

  private around(start: KernelAddress): string[] {
    const { names, positions } = this.neighbourhood;
    const at = positions[this.index(start) ?? -1] ?? -1;
    if (at < 0) return [];
    const before = names.slice(Math.max(0, at - REACH), at);
    const after = names.slice(at + 1, at + 1 + REACH);
    const gap = after.indexOf('');
    return [
      ...before.slice(before.lastIndexOf('') + 1).reverse(),
      ...(gap < 0 ? after : after.slice(0, gap)),
    ];
  }

  private index(start: KernelAddress): number | undefined {
    this.indices ??= new Map(this.functions.map(({ address }, at) => [address, at]));
    return this.indices.get(start);
  }

  private get neighbourhood(): Neighbourhood {
    return (this.unpacked ??= unpackNeighbourhood(this.build));
  }
}

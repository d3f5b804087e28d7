/** The filters of a trace, on the packet and on what is inside of a tunnel, as the agent wants them. */
import type { CompiledFilter } from '../../common/protocol.ts';
import { filterTexts, type FilterTexts, type WantedFilter } from '../recording/filters.ts';
import { PacketTraceError } from '../base/errors.ts';
import type { LinkType } from '../filter/libpcap/compile.ts';
import { parseConditions } from './conditions.ts';
import { FilterCompiler } from '../filter/filter-compiler.ts';

/** The program that keeps every packet, where only what is inside is asked about: `ret #262144`. */
const EVERY_PACKET = [[0x06, 0, 0, 262144]] as const;

/**
 * @param distDir the folder of the filter compiler's files
 * @throws PacketTraceError `filter`, naming the filter that is refused, `usage`, or `cancelled`
 */
export async function compileFilters(
  texts: FilterTexts,
  distDir: string,
  signal?: AbortSignal,
): Promise<WantedFilter> {
  const { filter, tunnelFilterL2, tunnelFilterL3 } = texts;
  const conditions = parseConditions(texts);
  const compiler = new FilterCompiler(distDir);
  try {
    const outer = isEmpty(filter) ? null : await compiler.compile(filter, signal);
    const inner: Pick<CompiledFilter, 'tunnelL2' | 'tunnelL3'> = {
      ...(!isEmpty(tunnelFilterL2) && { tunnelL2: await inside(compiler, 'EN10MB', tunnelFilterL2, signal) }),
      ...(!isEmpty(tunnelFilterL3) && { tunnelL3: await inside(compiler, 'RAW', tunnelFilterL3, signal) }),
    };
    const asksInside = inner.tunnelL2 !== undefined || inner.tunnelL3 !== undefined;
    const compiled =
      outer === null && !asksInside
        ? null
        : { ...(outer ?? { l2: EVERY_PACKET, l3: EVERY_PACKET }), ...inner };
    return { ...filterTexts(texts), compiled, ...(conditions !== undefined && { conditions }) };
  } finally {
    await compiler.dispose();
  }
}

const isEmpty = (text: string) => text.trim() === '';

const TUNNEL_WORDS: Record<LinkType, string> = {
  EN10MB: 'from the Ethernet header inside of a tunnel (--filter-tunnel-pcap-l2, "tunnelFilterL2")',
  RAW: 'from the IP header inside of a tunnel (--filter-tunnel-pcap-l3, "tunnelFilterL3")',
};

async function inside(
  compiler: FilterCompiler,
  link: LinkType,
  text: string,
  signal: AbortSignal | undefined,
) {
  try {
    return await compiler.compileFor(link, text, signal);
  } catch (error) {
    if (!(error instanceof PacketTraceError) || error.code !== 'filter') throw error;
    const message = error.message.replace(/^The filter/, `The filter ${TUNNEL_WORDS[link]}`);
    throw new PacketTraceError('filter', message, error.remedy, { cause: error });
  }
}

import { formatNumber } from '../../base/numbers.ts';
import { filterHeading } from '../compiled-listing.ts';
import type { ViewedPacket } from './link-types.ts';
import type { MatchReport } from './match.ts';
import { summarize } from './packet-summary.ts';

/** Packets that a listing has at most: an editor is no place for more. */
export const LISTED_PACKETS = 10_000;

/**
 * Which packets of a file a filter matches, as a text.
 * @param packets the first of the file, at most {@link LISTED_PACKETS}
 */
export function matchListing(
  filter: string,
  file: string,
  { packets: total, matches, warnings }: MatchReport,
  packets: readonly ViewedPacket[],
): string {
  const marked = new Set(matches);
  const shown = packets.map((packet, index) => {
    const mark = marked.has(index + 1) ? '✔' : ' ';
    const bytes = `${formatNumber(packet.length)} B`;
    return `${mark} ${String(index + 1).padStart(6)}  ${bytes.padStart(9)}  ${summarize(packet)}`;
  });
  const rest = matches.filter((match) => match > packets.length);
  return [
    filterHeading(filter),
    `File:   ${file}`,
    `${formatNumber(matches.length)} of ${formatNumber(total)} ${total === 1 ? 'packet matches' : 'packets match'}; they are marked ✔.`,
    ...warnings,
    '',
    ...shown,
    ...(total > packets.length ? [`… ${formatNumber(total - packets.length)} more packets`] : []),
    ...(rest.length > 0 ? [`Matches among them: ${rest.join(' ')}`] : []),
    '',
  ].join('\n');
}

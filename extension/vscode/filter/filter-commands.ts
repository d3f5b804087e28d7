import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { CompiledFilter } from '../../../common/protocol.ts';
import { activeFilter } from './active-filter.ts';
import { compiledListing } from '../../filter/compiled-listing.ts';
import { LISTED_PACKETS, matchListing } from '../../filter/capture-file/match-listing.ts';
import { decideHere, matchFile } from '../../filter/capture-file/match.ts';
import { readCaptureFile } from '../../filter/capture-file/file.ts';
import { viewOf, type ViewedPacket } from '../../filter/capture-file/link-types.ts';
import { showError } from '../messages/notify.ts';
import { withProgress } from '../messages/progress.ts';
import type { ReadOnlyDocuments } from './read-only-documents.ts';
import { askFilter, type FilterAdviser } from './ask-filter.ts';

/** Commands on the filter of the active editor, or on one that is asked for. */
export class FilterCommands {
  constructor(
    private readonly adviser: FilterAdviser,
    private readonly compile: (text: string) => Promise<CompiledFilter>,
    private readonly documents: ReadOnlyDocuments,
  ) {}

  /** Shows the programs that a filter is compiled to. */
  async showCompiled(given: unknown): Promise<void> {
    await this.withFilter(given, 'Show the compiled program of a filter', async (filter) => {
      await this.documents.show('Compiled Filter', compiledListing(filter, await this.compile(filter)));
    });
  }

  /** Asks for a capture file and shows which of its packets a filter matches. */
  async matchFile(given: unknown): Promise<void> {
    await this.withFilter(given, 'Match a filter against a pcap file', async (filter) => {
      const [file] =
        (await vscode.window.showOpenDialog({
          title: 'Capture file to match the filter against',
          openLabel: 'Match',
          filters: { 'Capture files': ['pcap', 'pcapng', 'cap'], 'All files': ['*'] },
        })) ?? [];
      if (file === undefined) return;
      const listing = await matchWithProgress(filter, file.fsPath, await this.compile(filter));
      await this.documents.show('Matching Packets', listing);
    });
  }

  private async withFilter(
    given: unknown,
    title: string,
    work: (filter: string) => Promise<void>,
  ): Promise<void> {
    const filter = typeof given === 'string' ? given : (activeFilter() ?? (await this.ask(title)));
    if (filter === undefined) return;
    try {
      await work(filter);
    } catch (error) {
      showError(error);
    }
  }

  private async ask(title: string): Promise<string | undefined> {
    const answer = await askFilter('', this.adviser, { title });
    return answer === undefined || answer === 'back' ? undefined : answer.filter;
  }
}

function matchWithProgress(filter: string, file: string, compiled: CompiledFilter): Promise<string> {
  return withProgress(`Matching ${basename(file)}`, async (signal) => {
    const report = await matchFile(file, compiled, { decide: decideHere, signal });
    return matchListing(filter, file, report, await firstPackets(file, LISTED_PACKETS));
  });
}

async function firstPackets(file: string, count: number): Promise<ViewedPacket[]> {
  const packets: ViewedPacket[] = [];
  for await (const packet of readCaptureFile(file)) {
    const viewed = viewOf(packet);
    if (viewed !== undefined) packets.push(viewed);
    if (packets.length === count) break;
  }
  return packets;
}

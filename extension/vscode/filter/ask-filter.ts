import * as vscode from 'vscode';
import { asPacketTraceError } from '../../base/errors.ts';
import type { FilterAnalysis } from '../../filter/diagnostics/diagnostic.ts';
import { applyEdits } from '../../filter/diagnostics/edits.ts';
import { completionsAt } from '../../filter/language/completion.ts';
import type { NameLookup } from '../../filter/language/name-lookup.ts';
import { openList } from '../messages/ask.ts';
import { matching, twoLines, verdictLine } from './verdict-line.ts';

/** What the filter box knows of filters. */
export interface FilterAdviser {
  /** libpcap's verdict and what to say about it; rejects when a later call took its place. */
  analyse(text: string): Promise<FilterAnalysis>;
  names: NameLookup;
}

export interface FilterQuestion {
  title: string;
  /** Another question comes before this one. */
  back?: boolean;
}

interface Item extends vscode.QuickPickItem {
  /** Takes the place of the text; left out: the text is taken as the filter. */
  replacement?: string;
}

/** More than fit are found by typing on. */
const MAX_COMPLETIONS = 20;

/** What a row of the list shows without cutting it off. */
const ROW_CHARACTERS = 80;

const icons = { error: '$(error)', warning: '$(warning)', info: '$(check)' };

/**
 * Asks for a pcap filter. Below the box are libpcap's verdict as the user types, fixes, and what can come next.
 * A refused filter is not taken.
 * @returns the filter; `back` to go back to the question before; undefined when the user gave up
 */
export async function askFilter(
  initial: string,
  adviser: FilterAdviser,
  { title, back = false }: FilterQuestion,
): Promise<{ filter: string } | 'back' | undefined> {
  const { list: box, show } = openList<Item>(title);
  box.placeholder = 'dst host 1.1.1.1 and tcp port 80 (pcap filter as for tcpdump; empty: every packet)';
  box.value = initial;
  box.ignoreFocusOut = true;
  if (back) box.buttons = [vscode.QuickInputButtons.Back];

  /** @returns whether the text that it began with is still there and valid */
  const judge = async (): Promise<boolean> => {
    const text = box.value;
    try {
      const analysis = await adviser.analyse(text);
      if (text !== box.value) return false;
      show([
        ...verdictItems(text, analysis),
        ...fixItems(text, analysis),
        ...completionItems(text, adviser.names),
      ]);
      return analysis.verdict.ok;
    } catch (thrown) {
      const error = asPacketTraceError(thrown);
      if (error.code !== 'cancelled') show([{ label: `$(error) ${error.message}`, alwaysShow: true }]);
      return false;
    }
  };
  void judge();
  box.onDidChangeValue(() => void judge());
  try {
    return await new Promise((resolve) => {
      box.onDidAccept(async () => {
        const replacement = box.activeItems[0]?.replacement;
        if (replacement !== undefined) {
          box.value = replacement;
          await judge();
        } else if (await judge()) {
          resolve({ filter: box.value.trim() });
        }
      });
      box.onDidTriggerButton(() => resolve('back'));
      box.onDidHide(() => resolve(undefined));
      box.show();
    });
  } finally {
    box.dispose();
  }
}

/** The text itself comes first in the list: it is the best match of what is in the box. */
function verdictItems(text: string, analysis: FilterAnalysis): Item[] {
  const { severity, message } = verdictLine(text, analysis);
  const label = text.trim() === '' ? 'Every packet' : text.trim();
  const [first = '', ...more] = message.split(/(?<=\.) /); // a row shows one line
  const verdict = { label: `${icons[severity]} ${label}`, detail: first, alwaysShow: true };
  if (more.length === 0) return [verdict];
  const [line, rest] = twoLines(more.join(' '), ROW_CHARACTERS);
  return [verdict, { label: `$(info) ${line}`, detail: rest, alwaysShow: true }];
}

function fixItems(text: string, { diagnostics }: FilterAnalysis): Item[] {
  const fixes = diagnostics.flatMap((found) => found.fixes);
  return fixes.map(({ title, edits }) => {
    const replacement = applyEdits(text, edits);
    return { label: `$(lightbulb) ${title}`, description: replacement, replacement, alwaysShow: true };
  });
}

function completionItems(text: string, names: NameLookup): Item[] {
  const { start, items } = completionsAt(text, text.length, names);
  return matching(items, text.slice(start))
    .slice(0, MAX_COMPLETIONS)
    .map((completion) => ({
      label: completion.text,
      description: completion.detail,
      replacement: `${text.slice(0, start)}${completion.text}${completion.text === '[' ? '' : ' '}`,
      alwaysShow: true,
    }));
}

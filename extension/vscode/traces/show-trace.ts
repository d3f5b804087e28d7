import { filterText } from '../../recording/wording.ts';
import { pickOne } from '../messages/ask.ts';
import { sayInformation } from '../messages/notify.ts';
import type { ShownCapture, TraceModel } from '../trace-model.ts';

/** The command "Show Another Trace…": which of the traces that run the views show. */
export async function showTrace(model: TraceModel): Promise<void> {
  const others = model.all.filter((capture) => capture !== model.shown);
  if (others.length === 0) {
    void sayInformation('No other packet trace runs.');
    return;
  }
  const picked = await pickOne(others.map(item), { title: 'Show Another Trace' });
  // It may have ended meanwhile.
  if (picked !== undefined && model.all.includes(picked.capture)) model.pick(picked.capture);
}

function item(capture: ShownCapture) {
  const filter = capture.capture.filters.at(-1);
  const cut = capture.capture.cut === undefined ? '' : 'connection lost';
  return {
    label: capture.configuration.target,
    description: [filter === undefined ? '' : filterText(filter), cut]
      .filter((text) => text !== '')
      .join(', '),
    capture,
  };
}

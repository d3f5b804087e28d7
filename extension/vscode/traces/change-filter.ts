import { askFilter, type FilterAdviser } from '../filter/ask-filter.ts';
import { sayInformation, showError } from '../messages/notify.ts';
import { withStatusBarProgress } from '../messages/progress.ts';
import type { TraceModel } from '../trace-model.ts';

/** The command "Change Filter…": asks for a filter and puts it in force in the running trace. */
export async function changeFilter(model: TraceModel, adviser: FilterAdviser): Promise<void> {
  const { shown } = model;
  if (shown === undefined || shown.capture.ended !== undefined) {
    void sayInformation('No packet trace runs whose filter could be changed.');
    return;
  }
  const { target } = shown.configuration;
  const present = shown.capture.filters.at(-1)?.filter ?? '';
  const answer = await askFilter(present, adviser, { title: `Change the filter of the trace of ${target}` });
  if (answer === undefined || answer === 'back') return;
  try {
    await withStatusBarProgress('Changing the filter', () => shown.changeFilter({ filter: answer.filter }));
  } catch (error) {
    showError(error);
  }
}

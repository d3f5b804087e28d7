import { PacketTraceError } from '../../base/errors.ts';
import { cachePath } from '../../kernel-source/index/cache-file.ts';
import { columnBytes } from '../../kernel-source/index/columns.ts';
import { runIndexThread } from '../../kernel-source/index/index-thread.ts';
import { SourceIndex } from '../../kernel-source/index/source-index.ts';
import type { WorkerMessage } from '../../kernel-source/index/worker.ts';
import { checkTree, indexFolder, sayProgress } from '../checkout.ts';
import { ExitCode } from '../exit-codes.ts';
import type { SourceIndexOptions } from '../options.ts';
import { jsonLine } from '../output/json-format.ts';
import { type IndexFigures, figuresText } from '../output/source-format.ts';
import { reportingErrors } from '../report-error.ts';
import type { SourceEnvironment } from './source.ts';

/** The `source index` command: makes the index of a checkout and prints what that took. */
export function sourceIndexCommand(
  { checkout: root, json, verbose }: SourceIndexOptions,
  environment: SourceEnvironment,
): Promise<ExitCode> {
  const { stdout, distDir, interrupt } = environment;
  return reportingErrors({ json, verbose }, environment, async (status) => {
    await checkTree(root);
    const task = { root, cacheFile: cachePath(indexFolder(), root), anew: true };
    let made: Extract<WorkerMessage, { type: 'index' }> | undefined;
    const onMessage = (message: WorkerMessage) => {
      if (message.type === 'progress') sayProgress(status, message.progress.done / message.progress.total);
      else if (message.type === 'index') made = message;
    };
    await runIndexThread(distDir, task, onMessage, interrupt);
    status.clear();
    if (made === undefined) throw new PacketTraceError('internal', `No index of ${root} was made.`);
    const figures = figuresOf(made);
    stdout.write(json ? jsonLine(figures) : figuresText(figures, task.cacheFile));
    return ExitCode.Ok;
  });
}

function figuresOf({ columns, figures }: Extract<WorkerMessage, { type: 'index' }>): IndexFigures {
  const index = new SourceIndex(columns);
  return {
    type: 'sourceIndex',
    files: index.fileCount,
    functions: index.functionCount,
    networkingMs: Math.round(figures.networkingMs),
    milliseconds: Math.round(figures.milliseconds),
    cpuMs: Math.round(figures.cpuMs),
    peakBytes: process.resourceUsage().maxRSS * 1024,
    indexBytes: columnBytes(columns),
    cacheBytes: figures.cacheBytes,
  };
}

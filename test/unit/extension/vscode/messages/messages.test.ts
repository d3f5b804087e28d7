/** Whatever is said by whatever means: VS Code is given nothing that it would make a link of. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { shown } from '../../../../support/vscode/recorder.ts';

const ask = await import('../../../../../extension/vscode/messages/ask.ts');
const { Log } = await import('../../../../../extension/vscode/messages/log.ts');
const notify = await import('../../../../../extension/vscode/messages/notify.ts');
const progress = await import('../../../../../extension/vscode/messages/progress.ts');

/** As a server's disconnect text, a challenge, or a filter in a file might be. */
const HOSTILE = '[Reconnect](command:workbench.action.quit "now")\x1b[8m\u202e';

/** VS Code's linkedText.ts. */
const LINK = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;

const ways: Record<string, () => unknown> = {
  sayError: () => notify.sayError(HOSTILE, 'Show Log'),
  sayWarning: () => notify.sayWarning(HOSTILE),
  sayInformation: () => notify.sayInformation(HOSTILE),
  showError: () => notify.showError(new Error(HOSTILE)),
  sayInStatusBar: () => notify.sayInStatusBar(HOSTILE, 1000),
  confirm: () => ask.confirm(HOSTILE, 'Trust', HOSTILE),
  askText: () =>
    ask.askText({ title: HOSTILE, prompt: HOSTILE, placeHolder: HOSTILE, validate: () => HOSTILE }),
  pickOne: () => ask.pickOne([item], { title: HOSTILE, placeHolder: HOSTILE }),
  pickSeveral: () => ask.pickSeveral([item], { title: HOSTILE, placeHolder: HOSTILE }),
  openList: () => ask.openList(HOSTILE).show([item]),
  withProgress: () =>
    progress.withProgress(HOSTILE, (_, report) => {
      report(HOSTILE);
      return Promise.resolve();
    }),
  withStatusBarProgress: () => progress.withStatusBarProgress(HOSTILE, () => Promise.resolve()),
};
const item = { label: HOSTILE, description: HOSTILE, detail: HOSTILE };

beforeEach(() => {
  shown.length = 0;
});

test('the text would be a link', () => assert.match(HOSTILE, LINK));

for (const [name, say] of Object.entries(ways))
  test(`${name} gives VS Code plain text`, async () => {
    await say();
    assert.ok(shown.length > 0);
    for (const text of shown) {
      assert.doesNotMatch(text, LINK);
      assert.doesNotMatch(text, /[\x1b\u202e]/);
    }
    assert.ok(shown.some((text) => text.includes('[Reconnect] (command:')));
  });

test('every function of the folder is tried', () => {
  const exported = { ...ask, ...notify, ...progress };
  const known = [...Object.keys(ways), 'withLateProgress']; // which is withProgress when it takes long
  assert.deepEqual(Object.keys(exported).sort(), known.sort());
});

test('the log keeps lines, and shows what they hold', () => {
  const log = new Log('Test');
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]('a\x1b[8m\nb');
  assert.deepEqual(new Set(shown), new Set(['a\\x1b[8m\nb']));
});

test('what was cancelled is not shown', () => {
  notify.showError(Object.assign(new Error('stop'), { name: 'AbortError' }));
  assert.deepEqual(shown, []);
});

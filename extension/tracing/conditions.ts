/** What packets must meet besides the filter, from the user's words to what the agent resolves. */
import type { Conditions } from '../../common/protocol.ts';
import { PacketTraceError } from '../base/errors.ts';
import type { ConditionTexts } from '../recording/filters.ts';
import { type Mark, MARK_FORM, parseMark } from './mark.ts';

/** @throws PacketTraceError `usage`, naming the value that is malformed and its form */
export function parseConditions(texts: ConditionTexts): Conditions | undefined {
  const { netns = '', ifname = '', mark = '', skbExpression = '', xdpExpression = '' } = texts;
  const conditions: Conditions = {
    ...(netns.trim() !== '' && { netns: netns.trim() }),
    ...(ifname.trim() !== '' && { ifname: ifname.trim() }),
    ...(mark.trim() !== '' && { mark: markOf(mark) }),
    ...(skbExpression.trim() !== '' && { skbExpression: skbExpression.trim() }),
    ...(xdpExpression.trim() !== '' && { xdpExpression: xdpExpression.trim() }),
  };
  return Object.keys(conditions).length === 0 ? undefined : conditions;
}

function markOf(text: string): Mark {
  const mark = parseMark(text);
  if (mark !== undefined) return mark;
  throw new PacketTraceError(
    'usage',
    `"${text.trim()}" is no mark to ask for.`,
    `Its form is ${MARK_FORM} (--filter-mark, "mark").`,
  );
}

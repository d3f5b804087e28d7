/** What rows say in words, for help and documents. */
import { formatNumber } from '../../base/numbers.ts';
import { defaultOf, type Option } from './option.ts';

/** All that a user is told of an option, in one line; what is code stands in backticks. */
export function describeOption(option: Option): string {
  const said = [option.help];
  if (option.type === 'choice') {
    const choices = Object.entries(option.choices).map(
      ([name, meaning]) => `\`${name}\` (${name === option.default ? 'default, ' : ''}${meaning})`,
    );
    said[0] += `: ${inOne(choices)}`;
  }
  if (option.aliases !== undefined)
    said.push(`also ${option.aliases.map((name) => `\`--${name}\``).join(', ')}`);
  if (option.type === 'number' && option.noEffect === undefined)
    said.push(`${formatNumber(option.default)} by default`);
  if (option.type === 'toggle' && defaultOf(option) === true)
    said.push(`on by default, \`--${option.name ?? ''}=false\` turns it off`);
  if (option.since !== undefined) said.push(`needs kernel ${option.since}`);
  if (option.changes === true) said.push('can be changed while tracing');
  return said.join('; ');
}

function inOne(words: readonly string[]): string {
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(' or ');
}

/** Without backticks, for a terminal. */
export function plain(text: string): string {
  return text.replaceAll('`', '');
}

/** The first clause, without backticks. */
export function brief(text: string): string {
  return plain(/^.*?(?=[.;] | \(|$)/.exec(text)?.[0] ?? text);
}

/** `like this` as `Like this.`; a text that begins with code or a name begins as it is written. */
export function sentence(text: string): string {
  const first = /^[a-z]+\b(?![-_.`])/.test(text) ? text.slice(0, 1).toUpperCase() : text.slice(0, 1);
  return `${first}${text.slice(1)}${/[.?]$/.test(text) ? '' : '.'}`;
}

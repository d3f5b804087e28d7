/** The schema of debug configurations, which package.json holds, and its texts, which package.nls.json holds. */
import { sentence } from './describe.ts';
import { defaultOf, type Option, type OptionTable } from './option.ts';

/** `"launch".properties` of the debugger that package.json contributes, but for the target. */
export function launchSchema(table: OptionTable): Record<string, object> {
  const schema: Record<string, object> = {};
  for (const [key, option] of inLaunch(table))
    schema[key] = {
      ...typeOf(key, option),
      default: defaultOf(option),
      markdownDescription: `%launch.${key}%`,
    };
  return schema;
}

/** The texts that the schema names. */
export function launchTexts(table: OptionTable): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [key, option] of inLaunch(table)) {
    texts[`launch.${key}`] = textOf(option);
    const choices = option.type === 'choice' ? Object.entries(option.choices) : [];
    for (const [name, meaning] of choices) texts[`launch.${key}.${name}`] = sentence(meaning);
  }
  return texts;
}

function inLaunch(table: OptionTable): [string, Option][] {
  return Object.entries(table).filter(([, { launch }]) => launch === true);
}

function textOf({ help, since, changes }: Option): string {
  const needs = since === undefined ? '' : ` Needs kernel ${since}.`;
  return sentence(help) + needs + (changes === true ? ' It can be changed while tracing.' : '');
}

function typeOf(key: string, option: Option): object {
  switch (option.type) {
    case 'toggle':
      return { type: 'boolean' };
    case 'text':
      return { type: 'string' };
    case 'number': {
      const { least, most } = option;
      return { type: 'integer', minimum: least, ...(most !== undefined && { maximum: most }) };
    }
    case 'list':
      return { type: 'array', items: { type: 'string' } };
    case 'choice': {
      const names = Object.keys(option.choices);
      return {
        type: 'string',
        enum: names,
        enumDescriptions: names.map((name) => `%launch.${key}.${name}%`),
      };
    }
  }
}

/** What docs/json.md promises, for tests that hold real output against it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../../build/paths.ts';

/** Documented fields with their types, by object type; those that are asked for with options, by the empty text. */
export type Documented = Map<string, Map<string, string>>;

export function readJsonDocs(): Documented {
  const text = readFileSync(join(repoRoot, 'docs/json.md'), 'utf8');
  const documented: Documented = new Map();
  for (const section of text.split(/^## /m).slice(1)) {
    const type = /^`(\w+)`/.exec(section)?.[1] ?? '';
    const rows = section.matchAll(/^\| `([^`]+)` +\| ([^|]+)\|/gm);
    documented.set(type, new Map([...rows].map(([, field, kind]) => [field ?? '', (kind ?? '').trim()])));
  }
  return documented;
}

/**
 * What differs between an object and its documentation: fields missing, fields not documented, wrong types.
 * Contents of null and of empty arrays cannot be compared; `dropReasons` of `end` has the target's own names.
 */
export function differences(object: Record<string, unknown>, documented: Documented): string[] {
  const type = String(object.type);
  const fields = documented.get(type);
  if (fields === undefined) return [`docs/json.md has no object of type ${type}`];
  const found = new Map<string, unknown[]>();
  collect(object, '', found, type);
  const problems: string[] = [];
  for (const [field, values] of found) {
    const kinds = fields.get(field);
    if (kinds === undefined) problems.push(`${type}.${field} is not documented`);
    else if (!values.every((value) => matches(value, kinds)))
      problems.push(`${type}.${field} is not ${kinds}`);
  }
  for (const field of fields.keys()) {
    const parent = field.replace(/(\[\])?\.?\w+$/, '');
    const parents = parent === '' ? [object] : (found.get(parent) ?? []);
    const canHold = parents.some((value) => value !== null && !(Array.isArray(value) && value.length === 0));
    if (canHold && !found.has(field)) problems.push(`${type}.${field} is missing`);
  }
  return problems;
}

function collect(object: object, prefix: string, found: Map<string, unknown[]>, type: string): void {
  for (const [name, value] of Object.entries(object) as [string, unknown][]) {
    const path = `${prefix}${name}`;
    found.set(path, [...(found.get(path) ?? []), value]);
    if (type === 'end' && path === 'dropReasons') continue;
    if (Array.isArray(value)) {
      for (const item of value)
        if (typeof item === 'object' && item !== null && !Array.isArray(item))
          collect(item as object, `${path}[].`, found, type);
    } else if (typeof value === 'object' && value !== null) collect(value, `${path}.`, found, type);
  }
}

function matches(value: unknown, kinds: string): boolean {
  return kinds.split(' or ').some((kind) => {
    if (kind === 'null') return value === null;
    if (kind.startsWith('array')) return Array.isArray(value);
    if (kind === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
    return typeof value === kind;
  });
}

/** Where a Makefile takes a source from that is not in its folder. `%` stands for the same on both sides. */
export interface SourceRule {
  /** Relative to the Makefile's folder, without `.o`. */
  object: string;
  /** Relative to the root of the tree, without `.c`. */
  source: string;
}

const RULE = /^\$\(obj\)\/([\w./%-]+)\.o[ \t]*:[ \t]*\$\(srctree\)\/([\w./%-]+)\.c\b/gm;
const VPATH = /^vpath[ \t]+%\.c[ \t]+(.+)$/gm;

/** The rules `$(obj)/%.o: $(srctree)/DIR/%.c` and `vpath %.c $(srctree)/DIR` of a Makefile. */
export function sourceRules(text: string): SourceRule[] {
  const rules = [...text.matchAll(RULE)].map(([, object = '', source = '']) => ({ object, source }));
  for (const [, folders = ''] of text.matchAll(VPATH))
    for (const [, folder = ''] of folders.matchAll(/\$\(srctree\)\/([\w./-]+)/g))
      rules.push({ object: '%', source: `${folder}/%` });
  return rules;
}

/** The sources, with `.c`, that the rules give for an object without `.o`. */
export function ruledSources(rules: readonly SourceRule[], object: string): string[] {
  return rules.flatMap((rule) => {
    const [before = '', after] = rule.object.split('%');
    if (after === undefined) return rule.object === object ? [`${rule.source}.c`] : [];
    if (!object.startsWith(before) || !object.endsWith(after)) return [];
    const stem = object.slice(before.length, object.length - after.length);
    return [`${rule.source.replace('%', stem)}.c`];
  });
}

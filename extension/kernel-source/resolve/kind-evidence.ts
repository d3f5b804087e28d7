import type { IndexedFunction } from '../index/source-index.ts';
import { FunctionFlag } from '../c/scanner/facts.ts';
import { type Evidence, type Reference, WEIGHT } from './evidence.ts';

/** What kind of function a definition is, and whether one like it is seen in traces. */
export function kindEvidence(
  { name, path, flags, condition }: IndexedFunction,
  { takesSkb }: Reference,
): Evidence[] {
  const evidence: Evidence[] = [];
  if ((flags & FunctionFlag.Inline) !== 0 && path.endsWith('.h'))
    evidence.push({ weight: WEIGHT.inline, text: 'inline: not traceable where it is inlined' });
  if ((flags & FunctionFlag.Weak) !== 0)
    evidence.push({ weight: WEIGHT.weak, text: 'weak: used where nothing else defines it' });
  else if (condition.includes(`!defined(${name})`))
    evidence.push({ weight: WEIGHT.weak, text: 'used where no macro of this name says otherwise' });
  if ((flags & FunctionFlag.Stub) !== 0 && (flags & FunctionFlag.Static) !== 0 && condition.includes('!'))
    evidence.push({ weight: WEIGHT.stub, text: 'a stub that compilers inline' });
  const hasSkb = (flags & FunctionFlag.TakesSkb) !== 0;
  if (hasSkb) evidence.push({ weight: WEIGHT.skb, text: 'takes an sk_buff' });
  else if (takesSkb === true && (flags & FunctionFlag.Generated) === 0)
    evidence.push({ weight: WEIGHT.noSkb, text: 'takes no sk_buff' });
  return evidence;
}

/**
 * When does an skb's life end? A pure state machine over the functions one `struct sk_buff` address is seen in.
 *
 * The kernel frees an skb through a fixed sequence (net/core/skbuff.c, skb_release_all and its callers):
 * the kfree_skb tracepoint if it is a drop, then `__kfree_skb`, `skb_release_head_state` with the socket's
 * destructor, `skb_release_data`, `skb_free_head`, and last the return of the shell: `kfree_skbmem`,
 * `napi_skb_cache_put`, or nothing that can be probed (bulk frees, stolen heads). The slab hands the same
 * address out again within microseconds. So a life ends with the last step seen of that sequence: any other
 * function, or a step that goes back in the sequence, is the first of a new life.
 *
 * The same steps also happen to an skb that lives on: `pskb_expand_head` and the carve functions give up the
 * old data (`skb_release_data`, `skb_free_head`), `skb_morph` empties the whole skb before it becomes a clone
 * of another, and a destructor runs alone when a living skb is orphaned.
 */
export const Step = {
  /** Says nothing about the end. */
  Other: 0,
  // The release, in the order in which its steps run.
  /** The kfree_skb tracepoint: the last reference is gone. */
  Drop: 1,
  Bulk: 2,
  Begin: 3,
  All: 4,
  HeadState: 5,
  /** A destructor or completion that the release calls back; some run for living skbs too. */
  Callback: 6,
  Data: 7,
  FreeHead: 8,
  Recycle: 9,
  /** The shell is given back. */
  Final: 10,
  // What looks like a release and is none.
  /** Replaces the data of a living skb. */
  Reshape: 11,
  /** Empties a living skb and fills it anew. */
  Morph: 12,
} as const;
export type Step = (typeof Step)[keyof typeof Step];

const STEPS = new Map<string, Step>([
  ['__kfree_skb', Step.Begin],
  ['skb_release_all', Step.All],
  ['kfree_skb_add_bulk', Step.Bulk],
  ['__consume_stateless_skb', Step.Begin],
  ['napi_skb_free_stolen_head', Step.Begin],
  ['skb_release_head_state', Step.HeadState],
  ['skb_release_data', Step.Data],
  ['skb_pp_recycle', Step.Recycle],
  ['skb_free_head', Step.FreeHead],
  ['kfree_skbmem', Step.Final],
  ['napi_skb_cache_put', Step.Final],
  ['napi_reuse_skb', Step.Final], // the shell stays with GRO and gets the next packet
  ['pskb_expand_head', Step.Reshape],
  ['pskb_carve_inside_header', Step.Reshape],
  ['pskb_carve_inside_nonlinear', Step.Reshape],
  ['skb_morph', Step.Morph],
]);

/** Socket and driver destructors by the kernel's habit of naming, and completions of zero-copy data. */
const CALLBACK = /_(wfree|rfree|efree|ofree|pfree|edemux)$|destruct|zerocopy_(callback|complete)$/;

/** What a probed function means for the life of its skb. Compiler suffixes (`.isra.0`) do not matter. */
export function stepOf(functionName: string): Step {
  const name = functionName.replace(/\..*$/, '');
  return STEPS.get(name) ?? (CALLBACK.test(name) ? Step.Callback : Step.Other);
}

/** How far an skb's release has come: the last step of it, or Other, Reshape, Morph while the skb lives. */
export type Phase = Step;

/** The skb is being freed: what follows in this life are the remaining steps. */
export function isReleased(phase: Phase): boolean {
  return phase >= Step.Drop && phase <= Step.Final;
}

/** The step is the first of a new life at the same address. */
export function startsNewLife(phase: Phase, step: Step): boolean {
  if (!isReleased(phase)) return false;
  if (step === Step.Callback) return phase === Step.Final;
  return !isReleased(step) || step <= phase;
}

/** The phase after a step of the same life. A life begins in phase Other. */
export function nextPhase(phase: Phase, step: Step): Phase {
  if (isReleased(phase)) return step > phase ? step : phase;
  if (phase === Step.Morph && step >= Step.All && step <= Step.Recycle) return phase;
  if (phase === Step.Reshape && (step === Step.Data || step === Step.FreeHead || step === Step.Recycle))
    return phase;
  // Alone, these are a living skb's: orphaned, or its head replaced by a function that is not probed.
  if (step === Step.Callback || step === Step.FreeHead || step === Step.Recycle) return Step.Other;
  return step;
}

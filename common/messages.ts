/**
 * What arrives is checked before anything believes it: one shape for each message of protocol.ts, by which the agent
 * reads requests and the editor reads messages. Which of them may come when is the receiver's to say.
 */
import { ProtocolError } from './errors.ts';
import {
  EventsHeader,
  PROTOCOL_VERSION,
  RINGBUF_HEADER_BYTES,
  type AgentError,
  type Attached,
  type BuildIds,
  type CbpfInstruction,
  type CheckItem,
  type CompiledFilter,
  type Conditions,
  type Counting,
  type CountRequest,
  type Counts,
  type DropReasonName,
  type End,
  type FilterRequest,
  type Hello,
  type KernelBuild,
  type KernelLocation,
  type MemberLayout,
  type MatchRequest,
  type Message,
  type ModulesLoaded,
  type NamespaceName,
  type Neighbourhood,
  type PacketProgramKind,
  type Plan,
  type PlannedProbe,
  type PlanRequest,
  type ProbedFunction,
  type ProgramsLoaded,
  type Request,
  type Role,
  type SkippedFunctions,
  type StartRequest,
  type StructureLayout,
  type ValueName,
} from './protocol.ts';
import {
  dictionary,
  isObject,
  list,
  literal,
  nullOr,
  object,
  oneOf,
  optional,
  quoted,
  type Shape,
  text,
  truth,
  whole,
  wholeNumberText,
} from './shape.ts';

type Shapes<M extends { type: string }> = { [T in M['type']]: Shape<Extract<M, { type: T }>> };

// Several times what the largest machines and kernels have.
/** Of a function (KSYM_NAME_LEN is 512), a module, a device. */
const name = text(1024);
/** Sentences, with the end of the verifier's log among them. */
const words = text(64 * 1024);
const NAMES = 2 ** 18;
const u32 = whole(2 ** 32 - 1);
const kernelAddress = whole(2 ** 48 - 1);
const count = whole();
/** Milliseconds; whole, as they are shown in tenths of a second. */
const milliseconds = whole();

const backend = oneOf<Attached['backend']>({ kprobe: true, 'kprobe-multi': true, 'fentry-multi': true });
const wantedBackend = oneOf<StartRequest['backend']>({
  kprobe: true,
  'kprobe-multi': true,
  'fentry-multi': true,
  auto: true,
});
const packetProgramKind = oneOf<PacketProgramKind>({ tc: true, xdp: true });
const pattern = nullOr(text(2 ** 20));

const instruction = list<CbpfInstruction>(u32, 4);
const program = nullOr(list<readonly CbpfInstruction[]>(exactly(4, instruction), 2 ** 16));
const filter = nullOr(
  object<CompiledFilter>({
    l2: program,
    l3: program,
    tunnelL2: optional(program),
    tunnelL3: optional(program),
  }),
);

const conditions = object<Conditions>({
  netns: optional(text(4096)),
  ifname: optional(name),
  mark: optional(object<{ value: number; mask: number }>({ value: u32, mask: u32 })),
  skbExpression: optional(text(4096)),
  xdpExpression: optional(text(4096)),
});

const functionChoice = { functions: pattern, modules: optional(list<string[]>(name, 1000)) };

const REQUESTS: Shapes<Request> = {
  check: object({ type: literal('check') }),
  stop: object({ type: literal('stop') }),
  ping: object({ type: literal('ping') }),
  pause: object({ type: literal('pause') }),
  resume: object({ type: literal('resume') }),
  plan: object<PlanRequest>({ type: literal('plan'), ...functionChoice }),
  count: object<CountRequest>({ type: literal('count'), ...functionChoice, backend: wantedBackend }),
  counts: object({ type: literal('counts') }),
  match: object({
    type: literal('match'),
    filter,
    packets: list<MatchRequest['packets']>(
      object<MatchRequest['packets'][number]>({
        link: oneOf({ l2: true, l3: true }),
        data: text(2 ** 24),
        length: u32,
      }),
      2 ** 16,
    ),
  }),
  start: object<StartRequest>({
    type: literal('start'),
    filter,
    conditions: optional(conditions),
    generation: optional(u32),
    bystanders: optional(list<string[]>(name, 1000)),
    calledFunctions: optional(truth),
    kernelBtf: optional(text(4096)),
    ...functionChoice,
    backend: wantedBackend,
    track: optional(truth),
    ringBufferBytes: u32,
    includeOwnConnection: optional(truth),
    includeLocalSockets: optional(truth),
    tcPrograms: optional(truth),
    xdpPrograms: optional(truth),
    caller: optional(truth),
    stack: optional(truth),
    packetBytes: optional(u32),
    skb: optional(truth),
    sharedInfo: optional(truth),
    cb: optional(truth),
    tunnel: optional(truth),
    netnsNames: optional(truth),
    skbMetadata: optional(list<readonly string[]>(text(4096), 1000)),
    xdpMetadata: optional(list<readonly string[]>(text(4096), 1000)),
    wantBuild: optional(truth),
  }),
  filter: object<FilterRequest>({
    type: literal('filter'),
    filter,
    conditions: optional(conditions),
    generation: u32,
  }),
};

const greeting = object<Hello>({
  type: literal('hello'),
  protocol: count,
  pid: u32,
  nodeVersion: name,
  hostname: name,
  kernelRelease: name,
  machine: name,
  kernelVersion: text(4096),
  cpus: u32,
  bootId: name,
  realtimeOffset: wholeNumberText,
});

const probedFunctions = list<ProbedFunction[]>(
  object<ProbedFunction>({
    address: kernelAddress,
    name,
    module: name,
    argument: u32,
    program: optional(object<NonNullable<ProbedFunction['program']>>({ id: u32, kind: packetProgramKind })),
  }),
  NAMES,
);
const skippedFunctions = list<SkippedFunctions[]>(
  object<SkippedFunctions>({ reason: words, names: list<string[]>(name, NAMES) }),
  1000,
);
const plannedProbes = list<PlannedProbe[]>(
  object<PlannedProbe>({
    name,
    module: name,
    argument: u32,
    role: oneOf<Role>({
      plain: true,
      release: true,
      reshape: true,
      copy: true,
      merge: true,
      build: true,
      bystander: true,
    }),
    shown: truth,
  }),
  NAMES,
);
const dropReasons = list<DropReasonName[]>(object<DropReasonName>({ value: u32, name }), 2 ** 16);

/** Structures in structures, at most. */
const MEMBER_DEPTH = 8;
const valueNames = list<ValueName[]>(
  object<ValueName>({ value: whole(Number.MAX_SAFE_INTEGER, -(2 ** 53)), name }),
  1000,
);

function memberLayouts(depth: number): Shape<MemberLayout[]> {
  return list<MemberLayout[]>(
    object<MemberLayout>({
      name,
      type: name,
      bitOffset: u32,
      bits: u32,
      kind: oneOf({ unsigned: true, signed: true, bool: true, pointer: true, bytes: true, structure: true }),
      count: optional(u32),
      members: optional(depth > 0 ? memberLayouts(depth - 1) : list<MemberLayout[]>(() => undefined, 0)),
      values: optional(valueNames),
      flags: optional(valueNames),
    }),
    1000,
  );
}

const MESSAGES: Shapes<Message> = {
  /** One of another version may have other fields: that it is another is all that can be said of it. */
  hello: (value) =>
    isObject(value) && Number.isSafeInteger(value.protocol) && value.protocol !== PROTOCOL_VERSION
      ? undefined
      : greeting(value),
  check: object({
    type: literal('check'),
    items: list<CheckItem[]>(
      object<CheckItem>({
        name: oneOf({
          kernel: true,
          btf: true,
          bpf: true,
          privileges: true,
          lockdown: true,
          'kprobe-multi': true,
          kprobes: true,
          tracefs: true,
          'ring-buffer': true,
          addresses: true,
          ftrace: true,
          programs: true,
        }),
        status: oneOf({ ok: true, limited: true, missing: true }),
        detail: words,
        remedy: words,
      }),
      100,
    ),
  }),
  plan: object<Plan>({ type: literal('plan'), functions: plannedProbes, skipped: skippedFunctions }),
  counting: object<Counting>({
    type: literal('counting'),
    backend,
    functions: plannedProbes,
    skipped: skippedFunctions,
  }),
  counts: object<Counts>({
    type: literal('counts'),
    hits: list<number[]>(count, NAMES),
    missed: count,
    milliseconds,
  }),
  matched: object({ type: literal('matched'), matches: list<number[]>(u32, 2 ** 16) }),
  progress: object({
    type: literal('progress'),
    stage: oneOf({ scan: true, load: true, attach: true, detach: true }),
    done: count,
    total: count,
  }),
  attached: object<Attached>({
    type: literal('attached'),
    backend,
    functions: probedFunctions,
    lifeCycleFunctions: u32,
    skipped: skippedFunctions,
    ownConnections: list<string[]>(name, 1000),
    otherConnections: list<string[]>(name, 1000),
    dropReasons,
    since: wholeNumberText,
    milliseconds: object<Attached['milliseconds']>({
      scan: milliseconds,
      load: milliseconds,
      attach: milliseconds,
    }),
  }),
  modules: object<ModulesLoaded>({
    type: literal('modules'),
    names: list<string[]>(name, NAMES),
    functions: probedFunctions,
    lifeCycleFunctions: u32,
    skipped: skippedFunctions,
    dropReasons,
  }),
  programs: object<ProgramsLoaded>({
    type: literal('programs'),
    functions: probedFunctions,
    skipped: skippedFunctions,
  }),
  'kernel-build': object<KernelBuild>({
    type: literal('kernel-build'),
    buildIds: object<BuildIds>({ kernel: optional(name), modules: dictionary(name, NAMES) }),
    config: nullOr(text(2 ** 23)),
    textStart: nullOr(kernelAddress),
    neighbourhood: text(2 ** 23),
    types: text(2 ** 22),
  }),
  'filter-changed': object({
    type: literal('filter-changed'),
    generation: u32,
    since: wholeNumberText,
    milliseconds,
  }),
  locations: object({
    type: literal('locations'),
    locations: list<KernelLocation[]>(
      object<KernelLocation>({
        address: kernelAddress,
        start: kernelAddress,
        name,
        module: name,
        distance: optional(count),
        neighbours: optional(list<string[]>(name, 1000)),
        buildId: optional(name),
      }),
      NAMES,
    ),
  }),
  structures: object({
    type: literal('structures'),
    structures: list<StructureLayout[]>(
      object<StructureLayout>({ name, bytes: u32, members: memberLayouts(MEMBER_DEPTH) }),
      10,
    ),
  }),
  namespaces: object({
    type: literal('namespaces'),
    namespaces: list<NamespaceName[]>(object<NamespaceName>({ inode: u32, name }), NAMES),
  }),
  paused: object({
    type: literal('paused'),
    why: oneOf({ silence: true, request: true }),
    from: wholeNumberText,
    to: nullOr(wholeNumberText),
  }),
  end: object<End>({
    type: literal('end'),
    why: oneOf({ stop: true, error: true }),
    events: count,
    lost: count,
    untracked: optional(count),
    missed: optional(count),
    milliseconds: object<{ detach: number }>({ detach: milliseconds }),
  }),
  error: object<AgentError>({
    type: literal('error'),
    code: oneOf({
      'no-privilege': true,
      'no-btf': true,
      'no-bpf': true,
      lockdown: true,
      'no-function': true,
      'bad-pattern': true,
      'no-module': true,
      'bad-filter': true,
      'bad-condition': true,
      load: true,
      attach: true,
      protocol: true,
      internal: true,
    }),
    message: words,
    remedy: words,
    generation: optional(u32),
  }),
};

/** The payload of a JSON frame to the editor. @throws ProtocolError */
export function parseMessage(payload: Uint8Array): Message {
  return parse<Message>(payload, MESSAGES, 'message');
}

/** The payload of a JSON frame to the agent. @throws ProtocolError */
export function parseRequest(payload: Uint8Array): Request {
  return parse<Request>(payload, REQUESTS, 'request');
}

function parse<M extends { type: string }>(payload: Uint8Array, shapes: Shapes<M>, what: string): M {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString());
  } catch {
    throw new ProtocolError(`a ${what} is no JSON`);
  }
  if (!isObject(value) || typeof value.type !== 'string')
    throw new ProtocolError(`a ${what} is no object with a type`);
  if (!Object.hasOwn(shapes, value.type))
    throw new ProtocolError(`there is no ${what} of type ${quoted(value.type)}`);
  const type = value.type as M['type'];
  const problem = shapes[type](value);
  if (problem !== undefined) throw new ProtocolError(`${type}${problem}`);
  return value as unknown as M;
}

/** Of what is packed in a KernelBuild (packed.ts). */
export const neighbourhoodProblem: Shape<Neighbourhood> = object<Neighbourhood>({
  names: list<string[]>(name, 2 ** 21),
  positions: list<number[]>(whole(2 ** 32 - 1, -1), NAMES),
  distances: list<number[]>(u32, NAMES),
});

/** What an Events frame says of itself and of the trace so far. */
export interface EventsTotals {
  /** Records that follow. */
  count: number;
  lost: number;
  missed: number;
  untracked: number;
}

/** Reads the header of an Events payload. @throws ProtocolError */
export function readEventsHeader(payload: Uint8Array): EventsTotals {
  if (payload.length < EventsHeader.bytes)
    throw new ProtocolError(`a batch of events has ${payload.length} bytes, less than its header`);
  const view = new DataView(payload.buffer, payload.byteOffset);
  const read = (field: Exclude<keyof typeof EventsHeader, 'bytes'>) => {
    const value = view.getFloat64(EventsHeader[field], true);
    const problem = count(value);
    if (problem !== undefined) throw new ProtocolError(`a batch's ${field}${problem}`);
    return value;
  };
  const totals = {
    count: read('count'),
    lost: read('lost'),
    missed: read('missed'),
    untracked: read('untracked'),
  };
  if (totals.count > (payload.length - EventsHeader.bytes) / RINGBUF_HEADER_BYTES)
    throw new ProtocolError(`a batch of ${payload.length} bytes claims ${totals.count} events`);
  return totals;
}

function exactly<A extends readonly unknown[]>(length: number, shape: Shape<A>): Shape<A> {
  return (value) =>
    Array.isArray(value) && value.length !== length
      ? ` has ${value.length} entries, not ${length}`
      : shape(value);
}

/** Every identifier that code and package.json share; test/unit/contributions.test.ts compares the two. */

/** Of vscode/traces. */
const TraceCommand = {
  Start: 'packetTrace.start',
  Stop: 'packetTrace.stop',
  ChangeFilter: 'packetTrace.changeFilter',
  Reconnect: 'packetTrace.reconnect',
  ShowTrace: 'packetTrace.showTrace',
  Clear: 'packetTrace.clear',
  ShowLog: 'packetTrace.showLog',
  PickTarget: 'packetTrace.pickTarget',
  ShowMenu: 'packetTrace.showMenu',
  LoadMore: 'packetTrace.loadMore',
  ShowAllPackets: 'packetTrace.showAllPackets',
  RevealPacket: 'packetTrace.revealPacket',
  ForgetHostKey: 'packetTrace.forgetHostKey',
} as const;

/** Of vscode/filter. */
const FilterCommand = {
  ShowCompiledFilter: 'packetTrace.showCompiledFilter',
  MatchFilter: 'packetTrace.matchFilter',
} as const;

/** Of vscode/source. */
const SourceCommand = {
  OpenKernelSource: 'packetTrace.openKernelSource',
  IndexCheckout: 'packetTrace.indexCheckout',
  StopIndex: 'packetTrace.stopIndex',
  TraceFunction: 'packetTrace.traceFunction',
  TraceChangedFunctions: 'packetTrace.traceChangedFunctions',
  ShowPackets: 'packetTrace.showPackets',
} as const;

/** Each folder's register.ts has a handler for every one of its own: anything else does not compile. */
export const Command = { ...TraceCommand, ...FilterCommand, ...SourceCommand } as const;
type ValueOf<T> = T[keyof T];
export type TraceCommandId = ValueOf<typeof TraceCommand>;
export type FilterCommandId = ValueOf<typeof FilterCommand>;
export type SourceCommandId = ValueOf<typeof SourceCommand>;
export type CommandId = ValueOf<typeof Command>;

/** The generated command that VS Code adds for each view. */
export const FocusTrajectories = 'packetTrace.trajectories.focus';

export const View = { Trajectories: 'packetTrace.trajectories' } as const;

export const ViewContainer = { PacketTrace: 'packetTrace' } as const;

export const ContextKey = {
  /** A TraceState kind (trace-model.ts); unset before the extension is active. */
  State: 'packetTrace.state',
  /** A trace attaches or runs, on view or not. */
  Running: 'packetTrace.running',
  /** There is another trace that could be shown. */
  Several: 'packetTrace.several',
  /** Something is shown that can be cleared. */
  HasCapture: 'packetTrace.hasCapture',
  /** The view shows only packets that passed some functions. */
  ShowsThrough: 'packetTrace.showsThrough',
  /** The active editor has a C file of the kernel checkout. */
  InKernelSource: 'packetTrace.inKernelSource',
  /** The index of the kernel checkout is being made. */
  Indexing: 'packetTrace.indexing',
} as const;

/** What the rows of the trajectory tree are, for menus' `viewItem`. */
export const ContextValue = {
  Trajectory: 'trajectory',
  /** A step in a known kernel function. */
  Function: 'function',
  /** A step at an address that belongs to no known function. */
  Address: 'address',
  More: 'more',
} as const;

export const Setting = {
  KernelSourcePath: 'packetTrace.kernelSource.path',
  KernelSourceDebugInfo: 'packetTrace.kernelSource.debugInfo',
  KeepEvents: 'packetTrace.keepEvents',
  SshIdentityFile: 'packetTrace.ssh.identityFile',
  TargetFolder: 'packetTrace.target.folder',
  SshClient: 'packetTrace.ssh.client',
  FilterInlayHints: 'packetTrace.filter.inlayHints',
  CodeLens: 'packetTrace.codeLens',
  Heat: 'packetTrace.heat',
} as const;

export const DEBUG_TYPE = 'packet-trace';

/** The language of .pcapfilter files. */
export const FILTER_LANGUAGE = 'pcap-filter';

export const LOG_CHANNEL = 'Kernel Packet Trace';

/** Lines as pwru prints them, so that its users and their scripts feel at home. */
import type { Extras } from '../../../common/protocol.ts';
import { printable } from '../../base/printable.ts';
import { formatEtherType, tcpFlagNames } from '../../base/tuple.ts';
import type { Capture, EventStore } from '../../recording/capture.ts';
import type { EventIndex, TrajectoryId } from '../../recording/types.ts';
import { placeText, stepName } from '../../recording/wording.ts';
import type { TraceOptions } from '../options.ts';
import { red } from './color.ts';
import { callerText, extraLines, tunnelText } from './extras-format.ts';
import type { PlaceSources } from './place-sources.ts';

export interface TextOptions
  extends
    Pick<TraceOptions, 'tuple' | 'tcpFlags' | 'meta' | 'timestamp'>,
    Partial<Pick<TraceOptions, 'netnsNames' | 'netnsNamesMaxLength'>>,
    Extras {
  /** Drops stand out. */
  hasColors: boolean;
}

/** Two IPv4 addresses with ports and `(tcp)`; longer tuples widen the column for the lines that follow. */
const TUPLE_WIDTH = 49;
const NAME_WIDTH = 16;
const NETNS_NAME_LEAST = 10;
/** Of functions, where their source follows. */
const FUNCTION_WIDTH = 40;

/** Functions that the kfree_skb tracepoint fires in: their line carries the reason. */
const DROP_FUNCTION = /kfree_skb|skb_reason_drop/;

export class TextFormat {
  #tupleWidth = TUPLE_WIDTH;
  /** When each trajectory was printed last; only for relative timestamps. */
  readonly #lastTime = new Map<TrajectoryId, number>();
  /** With so many, those that are forgotten are looked for. */
  #sweepAt = 1024;

  constructor(
    private readonly capture: Pick<Capture, 'store' | 'trajectories'>,
    private readonly options: TextOptions,
    private readonly sources?: PlaceSources,
  ) {}

  private get store(): EventStore {
    return this.capture.store;
  }

  prepare(): Promise<void> {
    return this.sources?.prepare() ?? Promise.resolve();
  }

  header(): string {
    const { tuple, meta, timestamp } = this.options;
    let line = timestamp === 'absolute' ? `${'TIME'.padEnd(23)} ` : '';
    line += `${'SKB'.padEnd(18)} CPU ${'PROCESS'.padEnd(NAME_WIDTH)}`;
    if (timestamp !== 'none') line += ` ${'TIMESTAMP'.padEnd(16)}`;
    if (meta) line += ` ${'NETNS'.padEnd(10)} ${'MARK/x'.padEnd(8)} ${centred('IFACE')} PROTO  MTU   LEN  `;
    if (this.options.netnsNames === true) line += ` ${this.#netnsName('NETNS NAME')}`;
    if (tuple) line += ` ${'TUPLE'.padEnd(this.#tupleWidth)}`;
    const columns: [title: string, width: number][] = [['FUNC', FUNCTION_WIDTH]];
    if (this.options.caller === true) columns.push(['CALLER', FUNCTION_WIDTH]);
    if (this.options.tunnel === true) columns.push(['TUNNEL', TUPLE_WIDTH]);
    if (this.sources !== undefined) columns.push(['SOURCE', 0]);
    return `${line} ${columns
      .map(([title, width]) => title.padEnd(width))
      .join(' ')
      .trimEnd()}\n`;
  }

  /**
   * One event's line. A drop whose reason goes to the line of the function before it is given as that line's
   * `drop` and has none of its own.
   */
  line(event: EventIndex, drop?: EventIndex): string {
    const { store } = this;
    const { tuple, meta, timestamp } = this.options;
    let line = timestamp === 'absolute' ? `${localTime(store.wallClock(event))} ` : '';
    const process = fitted(`${printable(store.comm(event))}:${store.pid(event)}`).padEnd(NAME_WIDTH);
    line += `${store.skb(event)} ${String(store.cpu(event)).padEnd(3)} ${process}`;
    if (timestamp !== 'none') line += ` ${this.#timestamp(event).padEnd(16)}`;
    if (meta) line += ` ${this.#meta(event)}`;
    if (this.options.netnsNames === true) line += ` ${this.#netnsName(store.netnsName(event) ?? '')}`;
    if (tuple) line += ` ${this.#tuple(event)}`;
    const name = printable(this.#functionName(event, drop));
    const isDrop = drop !== undefined || store.kind(event) === 'drop';
    const more = extraLines(store, event, this.options, (place) => this.sources?.at(place));
    return `${line} ${this.#columns(name, event, drop ?? event, isDrop)}\n${more}`;
  }

  #timestamp(event: EventIndex): string {
    if (this.options.timestamp !== 'relative') return String(this.store.monotonic(event));
    const id = this.store.trajectory(event);
    const time = this.store.time(event);
    const before = this.#lastTime.get(id) ?? time;
    this.#lastTime.set(id, time);
    if (this.#lastTime.size > this.#sweepAt) this.#sweep();
    return String(time - before);
  }

  #sweep(): void {
    for (const id of this.#lastTime.keys()) if (!this.capture.trajectories.has(id)) this.#lastTime.delete(id);
    this.#sweepAt = Math.max(1024, this.#lastTime.size * 2);
  }

  #meta(event: EventIndex): string {
    const { store } = this;
    const ifindex = store.ifindex(event);
    const device = store.device(event);
    return [
      String(store.netns(event)).padEnd(10),
      store.mark(event).toString(16).padEnd(8),
      centred(fitted(device === undefined ? String(ifindex) : `${printable(device)}:${ifindex}`)),
      formatEtherType(store.protocol(event)),
      String(store.mtu(event)).padEnd(5),
      String(store.packetLength(event)).padEnd(5),
    ].join(' ');
  }

  /** As pwru: the beginning of a long one. */
  #netnsName(name: string): string {
    const width = Math.max(NETNS_NAME_LEAST, this.options.netnsNamesMaxLength ?? NETNS_NAME_LEAST);
    return centred(name.slice(0, width), width);
  }

  #tuple(event: EventIndex): string {
    const tuple = this.#tupleText(event) ?? '';
    this.#tupleWidth = Math.max(this.#tupleWidth, tuple.length);
    return tuple.padEnd(this.#tupleWidth);
  }

  #tupleText(event: EventIndex): string | undefined {
    const tuple = this.store.tuple(event);
    if (!this.options.tcpFlags) return tuple;
    const flags = this.store.tupleParts(event)?.tcpFlags ?? 0;
    return flags === 0 ? tuple : tuple?.replace(/\(tcp\)$/, `(tcp:${tcpFlagNames(flags)})`);
  }

  #functionName(event: EventIndex, drop: EventIndex | undefined): string {
    const reason = (of: EventIndex) => this.store.dropReason(of) ?? 'drop';
    if (this.store.kind(event) === 'function') {
      const name = stepName(this.store, event);
      return drop === undefined ? name : `${name}(${reason(drop)})`;
    }
    return `skb:kfree_skb(${reason(event)}) in ${placeText(this.store, event)}`;
  }

  /** From the function on. @param place the event whose place it is: a drop told of with its function is the more exact one */
  #columns(name: string, event: EventIndex, place: EventIndex, isDrop: boolean): string {
    const { caller, tunnel } = this.options;
    let rest = '';
    if (caller === true) rest += ` ${printable(callerText(this.store, event)).padEnd(FUNCTION_WIDTH)}`;
    if (tunnel === true) rest += ` ${tunnelText(this.store, event).padEnd(TUPLE_WIDTH)}`;
    const source = this.sources?.of(place);
    if (source !== undefined) rest += ` ${printable(source.file)}:${source.line}`;
    rest = rest.trimEnd();
    const shown = isDrop && this.options.hasColors ? red(name) : name;
    return rest === '' ? shown : `${shown}${' '.repeat(Math.max(0, FUNCTION_WIDTH - name.length))}${rest}`;
  }
}

/** Functions after whose line a drop of the same packet is expected. */
export function announcesDrop(store: EventStore, event: EventIndex): boolean {
  return store.kind(event) === 'function' && DROP_FUNCTION.test(store.functionName(event));
}

/** Of a long name the end, marked as pwru marks it. */
function fitted(name: string): string {
  return name.length > NAME_WIDTH ? `~${name.slice(1 - NAME_WIDTH)}` : name;
}

function centred(name: string, width = NAME_WIDTH): string {
  return name.padStart(name.length + Math.floor((width - name.length) / 2)).padEnd(width);
}

/** `2024-05-06T07:08:09.123` in the time zone of this machine. */
function localTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  const local = new Date(milliseconds - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 23);
}

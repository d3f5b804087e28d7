/** What an editor or the terminal shows about a filter. Offsets are UTF-16 code units, the end exclusive. */
import type { FilterVerdict } from '../libpcap/verdict.ts';

export interface TextEdit {
  start: number;
  end: number;
  text: string;
}

/** A change that makes a filter valid, or says what was probably meant; the changed filter was compiled. */
export interface FilterFix {
  /** As on a button: `Write "tcp port 80"`. */
  title: string;
  edits: TextEdit[];
  /** The one change that is obviously meant. */
  preferred: boolean;
}

export interface FilterDiagnostic {
  start: number;
  end: number;
  severity: 'error' | 'warning' | 'information';
  /** Stable name of what was found, e.g. `wireshark-syntax`. */
  code: string;
  /** Plain words; of an error they begin with libpcap's own. */
  message: string;
  /** The preferred one first. */
  fixes: FilterFix[];
}

export interface FilterAnalysis {
  verdict: FilterVerdict;
  /** Errors first, then in the order of the text. */
  diagnostics: FilterDiagnostic[];
}

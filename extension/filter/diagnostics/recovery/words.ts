/** Words that the language does not have, in capitals, misspelt, or called otherwise. */
import { replaced } from '../edits.ts';
import { type Problem, QUALIFIERS, type RecoveryRule, VALUE_FOLLOWS } from './problem.ts';
import { aliases, constants, etherProtocols, keywords, nearest } from './vocabulary.ts';

const capitals: RecoveryRule = ({ text, word }) => {
  const known = new Set([...keywords, ...constants]);
  if (word === word.toLowerCase() || !known.has(word.toLowerCase())) return undefined;
  const small = text.replace(/[A-Za-z][\w-]*/g, (found) =>
    known.has(found.toLowerCase()) ? found.toLowerCase() : found,
  );
  return {
    code: 'capitals',
    explanation: `Keywords are written in small letters: "${word.toLowerCase()}".`,
    repairs: [small],
  };
};

/** An unknown name of a port or a protocol. */
const name: RecoveryRule = ({ text, range, word, message, before, names }) => {
  if (!/unknown (?:port|ip proto|ether proto|protocol|osi proto)/.test(message)) return undefined;
  const isPort = message.startsWith('unknown port');
  const udp = /\budp\s+(?:(?:src|dst)\s+)?port\s*$/.test(before);
  const tables = isPort ? [...(udp ? [] : [names.tcp]), names.udp] : [names.protocols];
  const candidates = message.includes('ether proto')
    ? etherProtocols
    : tables.flatMap((table) => Object.keys(table));
  const alias =
    Object.hasOwn(PORT_NAMES, word.toLowerCase()) && isPort ? [String(PORT_NAMES[word.toLowerCase()])] : [];
  const digits = word.replace(/[oO]/g, '0').replace(/[lI]/g, '1');
  if (/^\d+$/.test(digits)) alias.push(digits);
  // A protocol's name that is also a keyword needs a backslash.
  const written = nearest(word, candidates).map((candidate) =>
    keywords.includes(candidate) ? `\\${candidate}` : candidate,
  );
  // A value without a keyword may as well be a keyword that is misspelt.
  const atTerm = /(?:\b(?:and|or|not)|&&|\|\||[!(])\s*$/.test(before);
  const meant = atTerm ? nearest(word, keywords) : [];
  return {
    code: isPort ? 'unknown-port' : 'unknown-protocol',
    explanation: isPort
      ? `No port is called "${word}"; ports have a number or a name of /etc/services.`
      : `No protocol is called "${word}"; protocols have a number or a name of /etc/protocols.`,
    repairs: [...meant, ...alias, ...written].map((value) => replaced(text, range, value)),
  };
};

/** Names of services that netbase does not have. */
const PORT_NAMES: Readonly<Record<string, number>> = {
  dns: 53,
  dhcp: 67,
  tls: 443,
  ssl: 443,
  rdp: 3389,
  smb: 445,
};

/** `udp port http`: the name belongs to the other transport. */
const otherTransport: RecoveryRule = ({ text, range, message, names }) => {
  const [, service = '', transport] = /^port (?:in range )?'(.*)' is (tcp|udp|sctp)/.exec(message) ?? [];
  if (transport !== 'tcp' && transport !== 'udp') return undefined;
  const at = text.indexOf(service, range.start);
  const place = { start: at, end: at + service.length };
  return {
    code: 'other-transport',
    explanation: `The name "${service}" stands for a port of ${transport} only; use its number.`,
    range: place,
    repairs: [
      replaced(text, place, String(names[transport][service])),
      text.replace(/\b(?:tcp|udp|sctp)(?=\s+(?:(?:src|dst)\s+)?port)/, transport),
    ],
  };
};

const misspelt: RecoveryRule = (problem) => {
  const { text, range, word, after, before } = problem;
  if (!/^[A-Za-z][\w.-]*$/.test(word) || keywords.includes(word)) return undefined;
  const bytes = /\[[^\]]*$/.test(before) || /[=<>&|]\s*$/.test(before);
  const alias = aliases[word.toLowerCase()];
  const words = bytes ? constants : [...keywords, ...(word.includes('-') ? constants : [])];
  const candidates = [
    ...(alias !== undefined && !bytes ? [alias] : []),
    ...split(word),
    ...nearest(word, words),
  ];
  const repairs = candidates.map((candidate) => replaced(text, range, candidate));
  if (alias?.endsWith('port') === true) repairs.push(replaced(text, range, 'port'));
  return isName(problem)
    ? hostName(problem, repairs)
    : { code: 'unknown-word', explanation: unknown(word, after), repairs };
};

function unknown(word: string, after: string): string {
  return /^\s*\[/.test(after)
    ? `"${word}" is no protocol whose bytes can be read.`
    : `"${word}" is no word of the filter language.`;
}

function isName({ message }: Problem): boolean {
  return /^unknown (?:host|network|ether host)/.test(message);
}

/** libpcap took the word for the name of a host. */
function hostName({ text, range, word, before }: Problem, repairs: string[]) {
  const network = /\bnet\s*$/.test(before);
  const localhost = word === 'localhost' ? [replaced(text, range, '127.0.0.1')] : [];
  return {
    code: 'unknown-host',
    explanation: `"${word}" is no word of the filter language, and names of ${network ? 'networks' : 'hosts'} are not resolved: use an address.`,
    repairs: [...localhost, ...repairs],
  };
}

/** `srchost`, `tcpport`: two words without the space. */
function split(word: string): string[] {
  const parts = keywords.filter(
    (first) => word.startsWith(first) && keywords.includes(word.slice(first.length)),
  );
  const numbered = /^((?:tcp|udp)?port|host|vlan)(\d[\d.]*)$/.exec(word);
  return [
    ...parts.map((first) => `${first} ${word.slice(first.length)}`),
    ...(numbered ? [`${numbered[1]?.replace(/(tcp|udp)port/, '$1 port')} ${numbered[2]}`] : []),
  ];
}

/** A name where a number has to be, or the reverse. */
const number: RecoveryRule = ({ word, before, range, text }) => {
  const [, keyword] = /\b(less|greater|ifindex|vlan|mpls|byte)\s*$/.exec(before) ?? [];
  if (keyword === undefined || /^\d/.test(word) || keywords.includes(word) || word === '') return undefined;
  const [comparison] = /^[<>]=?|^==?/.exec(word) ?? [];
  return {
    code: 'number',
    explanation:
      keyword === 'ifindex'
        ? '"ifindex" takes the number of an interface, as "ip link" shows it.'
        : `"${keyword}" takes a number.`,
    repairs: comparison === undefined ? [] : [replaced(text, range, '').replace(/ {2,}/g, ' ')],
  };
};

/** A value without its keyword: `10.0.0.1`, `tcp 80`, `src ip 10.0.0.1`. */
const bareValue: RecoveryRule = ({ text, range, before, word, message }) => {
  const value = /^[^\s()&|=!<>,]+/.exec(text.slice(range.start))?.[0] ?? word;
  const place = { start: range.start, end: range.start + value.length };
  const kinds = kindsOf(value);
  const after = (pattern: RegExp) => pattern.test(before);
  if (/^(?:ip6?|addr|address)$/.test(word) && after(/\b(?:src|dst)\s+$/)) {
    return {
      code: 'missing-keyword',
      explanation: 'The direction comes after the protocol, and an address after "host".',
      repairs: [replaced(text, range, 'host'), text.replace(/\b(src|dst)\s+(ip6?)\b/, '$2 $1 host')],
    };
  }
  if (
    !message.includes('syntax error') ||
    kinds.length === 0 ||
    after(VALUE_FOLLOWS) ||
    QUALIFIERS.test(before)
  )
    return undefined;
  const repairs = kinds.map((kind) => replaced(text, place, `${kind} ${value}`));
  if (after(/\w\s+$/) && !after(/\b(?:and|or|not)\s+$/))
    repairs.push(...kinds.map((kind) => replaced(text, place, `and ${kind} ${value}`)));
  return {
    code: 'missing-keyword',
    explanation: `A keyword has to say what "${value}" is: ${kinds.map((kind) => `"${kind}"`).join(' or ')}.`,
    range: place,
    repairs,
  };
};

function kindsOf(value: string): string[] {
  if (/^\d+$/.test(value)) return ['port', 'proto'];
  if (/^\d+-\d+$/.test(value)) return ['portrange'];
  if (/^[\d.]+\/\d+$|^[\da-f:]*:[\da-f:]*\/\d+$/i.test(value)) return ['net'];
  if (/^\d+(?:\.\d+){3}$/.test(value)) return ['host'];
  if (/^(?:[\da-f]{1,2}[:-]){5}[\da-f]{1,2}$/i.test(value)) return ['ether host'];
  if (/^[\da-f:]*::?[\da-f:]*$/i.test(value) && value.includes(':')) return ['host'];
  return [];
}

export const words: readonly RecoveryRule[] = [capitals, name, otherTransport, number, bareValue, misspelt];

/**
 * The keys that an SSH agent holds, all of them: ssh2 drops those that it cannot use without a word. The protocol is
 * that of OpenSSH's PROTOCOL.agent (draft-ietf-sshm-ssh-agent).
 */
import { connect } from 'node:net';

export interface AgentKey {
  /** As its blob names it, e.g. `ssh-ed25519` or `sk-ssh-ed25519@openssh.com`. */
  type: string;
  /** The public key. */
  blob: Buffer;
  comment: string;
}

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
/** As OpenSSH's MAX_AGENT_REPLY_LEN. */
const ANSWER_LIMIT = 256 * 1024;

/** @throws Error when there is no agent, it does not answer before `limit`, or with something else */
export function listAgentKeys(socketPath: string, limit: AbortSignal): Promise<AgentKey[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath });
    let answer = Buffer.alloc(0);
    const finish = (settle: () => void) => {
      limit.removeEventListener('abort', onLimit);
      socket.destroy();
      settle();
    };
    const onLimit = () => finish(() => reject(new Error('it does not answer')));
    limit.addEventListener('abort', onLimit);
    if (limit.aborted) onLimit();
    socket.on('connect', () => socket.write(Buffer.from([0, 0, 0, 1, REQUEST_IDENTITIES])));
    socket.on('error', (error) => finish(() => reject(error)));
    socket.on('close', () => finish(() => reject(new Error('it closed the connection'))));
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length < 4) return;
      const length = answer.readUInt32BE(0);
      if (length > ANSWER_LIMIT) finish(() => reject(new Error('its answer is too long')));
      if (answer.length < 4 + length) return;
      try {
        const keys = readAnswer(answer.subarray(4, 4 + length));
        finish(() => resolve(keys));
      } catch {
        finish(() => reject(new Error('its answer cannot be read')));
      }
    });
  });
}

/** @throws RangeError when it is cut short */
function readAnswer(answer: Buffer): AgentKey[] {
  if (answer.readUInt8(0) !== IDENTITIES_ANSWER) throw new RangeError('another answer');
  let at = 5;
  const field = () => {
    const start = at + 4;
    at = start + answer.readUInt32BE(at);
    if (at > answer.length) throw new RangeError('cut short');
    return answer.subarray(start, at);
  };
  const keys: AgentKey[] = [];
  for (let left = answer.readUInt32BE(1); left > 0; left--) {
    const blob = field();
    const comment = field().toString('utf8');
    keys.push({ type: blob.toString('latin1', 4, 4 + blob.readUInt32BE(0)), blob, comment });
  }
  return keys;
}

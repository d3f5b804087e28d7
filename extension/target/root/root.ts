/**
 * Root on the target: by login, by sudo without a question, or by sudo with its questions answered. Read
 * conversation.ts for the questions and session.ts for what is then done as root.
 */
import { randomBytes } from 'node:crypto';
import type { Logger, Prompts } from '../connection.ts';
import { connectionLost, quote, readThrough, startScript } from '../shell.ts';
import type { Shell } from '../shell.ts';
import { Conversation } from './conversation.ts';
import { PromptMark } from './questions.ts';
import { type Attempt, noPrivilege } from './refusal.ts';
import { RootSession } from './session.ts';
import { recordedFolder, RECORDED_FILES } from './sudo-log.ts';

export type Privilege = 'root' | 'sudo' | 'sudo-password';

export interface RootRequest {
  shell: Shell;
  uid: number;
  user: string;
  prompts: Pick<Prompts, 'secret'>;
  log: Pick<Logger, 'warn'>;
}

/**
 * Where root looks for programs, and all that it gets from the environment of the user, who could else choose what
 * root runs (PATH, OPENSSL_CONF). The agent finds by SSH_CONNECTION which packets are its own.
 */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin:/run/current-system/sw/bin';
const becomeShell = (reached: string) => `cd /
umask 077
PATH=${PATH}
export PATH
printf "%s\\n" ${reached}
exec env -i PATH="$PATH" LC_ALL=C HOME=/ SSH_CONNECTION="$SSH_CONNECTION" /bin/sh`;

/** Longer than anybody types; the conversation has limits of its own. */
const REACHED_LIMIT_MS = 3600_000;

/** The way to root, which was found to work. */
export class Root {
  /** Stays in memory, for further agents on the same target; it only ever travels on standard input. */
  #password: string | undefined;
  /** Open and used by nobody. */
  #spare: RootSession | undefined;
  #kind: Privilege = 'root';

  private constructor(private readonly request: RootRequest) {}

  /** Becomes root. @throws PacketTraceError `target-no-privilege`, `connection-lost`, `cancelled` */
  static async gain(request: RootRequest, signal?: AbortSignal): Promise<Root> {
    const root = new Root(request);
    const session = await root.#open(signal);
    if (root.#kind !== 'root') await root.#warnOfRecording(session, signal);
    root.#spare = session;
    return root;
  }

  get kind(): Privilege {
    return this.#kind;
  }

  /** A shell of root's, the caller's alone until it is given back. @throws as gain */
  async take(signal?: AbortSignal): Promise<RootSession> {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare?.alive === true ? spare : this.#open(signal);
  }

  giveBack(session: RootSession): void {
    if (!session.alive) return;
    if (this.#spare?.alive === true) session.dispose();
    else this.#spare = session;
  }

  async #open(signal: AbortSignal | undefined): Promise<RootSession> {
    const { shell, uid, user, prompts } = this.request;
    const id = randomBytes(8).toString('hex');
    const question = new PromptMark(id);
    const reached = `kpt-root-${id}`;
    const inner = `/bin/sh -c ${quote(becomeShell(reached))}`;
    // It waits for a word, so that nothing of sudo's comes before we listen. "--" before the command: some hosts have
    // a wrapper in place of sudo.
    const sudo = `IFS= read -r go\ncd /\nSUDO_PROMPT=${quote(question.prompt)}\nexport SUDO_PROMPT\nexec sudo -S -- ${inner}`;
    const running = await startScript(shell, uid === 0 ? `exec ${inner}` : sudo, signal);
    const { process } = running;
    const asked = { host: shell.name, user, password: this.#password, prompts };
    const conversation = new Conversation(running, question, asked);
    try {
      if (uid !== 0) process.stdin.write('\n');
      const output = await Promise.race([
        readThrough(running, reached, signal, REACHED_LIMIT_MS),
        conversation.failed,
      ]);
      if (output === undefined) {
        this.#remember(conversation);
        return new RootSession(running, shell.name);
      }
      const end = await process.ended;
      const { answers } = conversation;
      // Where we ended it, that was no loss.
      if (end.lost && (answers === 'none-asked' || answers === 'given')) throw connectionLost(shell);
      const said = question.strip(`${output}\n${running.stderr()}`);
      throw noPrivilege(shell.name, user, { code: end.code, said, answers });
    } catch (error) {
      process.stdin.end();
      process.kill();
      throw error;
    } finally {
      conversation.end();
    }
  }

  #remember({ answers, password }: Pick<Attempt, 'answers'> & { password: string | undefined }): void {
    this.#password = password ?? this.#password;
    if (this.request.uid === 0) this.#kind = 'root';
    else if (answers === 'given' || this.#kind === 'sudo-password') this.#kind = 'sudo-password';
    else this.#kind = 'sudo';
  }

  async #warnOfRecording(session: RootSession, signal: AbortSignal | undefined): Promise<void> {
    const { shell, user, log } = this.request;
    const folder = recordedFolder((await session.run(RECORDED_FILES, { signal })).output);
    if (folder === undefined) return;
    log.warn(
      `sudo on ${shell.name} records all that the agent sends, every event of a trace, in ${folder}. ` +
        `"Defaults:${user} !log_output, !log_input" with visudo ends that.`,
    );
  }
}

/**
 * Questions of the ssh program, by its SSH_ASKPASS: a helper that ssh runs hands each question over to us through a
 * socket in a folder of our own. No answer is ever in an argument, an environment or a file.
 */
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { printableLines } from '../../../base/printable.ts';
import type { Prompts } from '../../connection.ts';

export interface AskpassRequest {
  /** Only we may look into it. */
  dir: string;
  /** For prompts: who is asking. */
  who: string;
  prompts: Prompts;
  /** Something to do that needs no answer, such as the touch of a security key. */
  onNotice: (text: string) => void;
}

/** What ssh asked, see `ssh(1)` under SSH_ASKPASS_PROMPT. */
export interface Question {
  prompt: string;
  /** `confirm`: only yes or no; `none`: a notice that stays until the helper is killed. */
  kind: string;
}

/** Longer is no question. */
const QUESTION_LIMIT = 64 * 1024;

const HELPER = `'use strict';
const socket = require('net').connect(process.env.KPT_ASKPASS_SOCKET);
let answer = '';
socket.on('connect', () =>
  socket.write(JSON.stringify({ prompt: process.argv[2] || '', kind: process.env.SSH_ASKPASS_PROMPT || '' }) + '\\n'));
socket.on('data', (chunk) => (answer += chunk));
socket.on('error', () => process.exit(1));
socket.on('end', () => {
  if (!answer.endsWith('\\n')) process.exit(1);
  process.stdout.write(answer);
});
`;

export class Askpass {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  /** One question a time: several ssh programs may ask, for jump hosts. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(private readonly request: AskpassRequest) {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async open(request: AskpassRequest): Promise<Askpass> {
    const askpass = new Askpass(request);
    await new Promise<void>((resolve, reject) => {
      askpass.#server.once('error', reject).listen(askpass.#socketPath, resolve);
    });
    askpass.#server.unref();
    const helper = join(request.dir, 'askpass.cjs');
    await writeFile(helper, HELPER);
    await writeFile(askpass.#program, programText(helper));
    await chmod(askpass.#program, 0o700);
    return askpass;
  }

  /** For the ssh program. A terminal that it could ask on is not to be used: it may be ours, or nobody's. */
  get env(): Record<string, string> {
    return {
      SSH_ASKPASS: this.#program,
      SSH_ASKPASS_REQUIRE: 'force',
      // Before OpenSSH 8.4 only where there is a display, and no terminal.
      DISPLAY: process.env.DISPLAY ?? ':none',
      KPT_ASKPASS_SOCKET: this.#socketPath,
    };
  }

  /** Helpers that still wait for an answer end with it. */
  close(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }

  get #program(): string {
    return join(this.request.dir, process.platform === 'win32' ? 'askpass.cmd' : 'askpass');
  }

  get #socketPath(): string {
    const path = join(this.request.dir, 'ask');
    return process.platform === 'win32' ? `\\\\.\\pipe\\${path.replaceAll(/[\\/:]/g, '-')}` : path;
  }

  #serve(socket: Socket): void {
    let text = '';
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
    socket.on('error', () => undefined); // ssh gave up waiting
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.length > QUESTION_LIMIT) socket.destroy();
      const end = text.indexOf('\n');
      if (end < 0) return;
      const question = JSON.parse(text.slice(0, end)) as Question;
      text = '';
      if (question.kind === 'none') {
        this.request.onNotice(question.prompt.trim());
        return;
      }
      this.#last = this.#last
        .then(() => answer(question, this.request))
        .then(
          (answered) => socket.end(answered === undefined ? '' : `${answered.split('\n')[0] ?? ''}\n`),
          () => socket.end(),
        );
    });
  }
}

function programText(helper: string): string {
  const node = process.execPath;
  // In VS Code the program that runs this is Electron, which is a Node if told so.
  return process.platform === 'win32'
    ? `@set ELECTRON_RUN_AS_NODE=1\r\n@"${node}" "${helper}" %*\r\n`
    : `#!/bin/sh\nELECTRON_RUN_AS_NODE=1 exec '${node.replaceAll("'", `'\\''`)}' '${helper}' "$@"\n`;
}

/** @returns undefined when the user declined */
async function answer(
  { prompt, kind }: Question,
  { who, prompts }: AskpassRequest,
): Promise<string | undefined> {
  const unknown =
    /authenticity of host '(\S+?)(?: \(.*?\))?' can't be established[\s\S]*?(\S+) key fingerprint is (SHA256:[\w+/]+)/.exec(
      prompt,
    );
  if (unknown !== null) {
    const [, host = '', keyType = '', fingerprint = ''] = unknown;
    return (await prompts.confirmHostKey({ host, keyType, fingerprint })) ? 'yes' : 'no';
  }
  const text = printableLines(prompt).trim();
  if (kind === 'confirm') {
    const said = await prompts.secret({ kind: 'challenge', prompt: `${text} (yes/no)`, echo: true });
    return /^y(es)?$/i.test(said?.trim() ?? '') ? 'yes' : undefined;
  }
  if (/passphrase for /i.test(text)) return prompts.secret({ kind: 'passphrase', prompt: text });
  const isPassword = /passw(or)?d/i.test(text);
  return prompts.secret({ kind: isPassword ? 'password' : 'challenge', prompt: `${who}: ${text}` });
}

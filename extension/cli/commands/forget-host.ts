import { PacketTraceError } from '../../base/errors.ts';
import { forgetHost } from '../../target/ssh/forget-host.ts';
import type { HostKeyFile } from '../../target/ssh/host-key-file.ts';
import type { Environment } from '../environment.ts';
import { ExitCode } from '../exit-codes.ts';
import type { ForgetHostOptions } from '../options.ts';
import { reportingErrors } from '../report-error.ts';

/** The `forget-host` command: the next connection to the host asks about its key anew. */
export async function forgetHostCommand(
  options: ForgetHostOptions,
  environment: Pick<Environment, 'stdout' | 'stderr'>,
  store: HostKeyFile,
): Promise<ExitCode> {
  return reportingErrors(options, environment, async (status) => {
    const gone = await forgetHost(options.host, store, { log: status.log });
    if (gone.length === 0)
      throw new PacketTraceError(
        'usage',
        `No key of ${options.host} was accepted here (${store.file}).`,
        'Keys that ssh knows stand in its own files: ssh-keygen -R HOST forgets those of ~/.ssh/known_hosts.',
      );
    for (const { hosts, keyType } of gone) status.say(`Forgotten: the ${keyType} key of ${hosts}.`);
    return ExitCode.Ok;
  });
}

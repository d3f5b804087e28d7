/** How a target is reached: options of every command that has one. */
import type { SshClientChoice } from '../../target/connection.ts';
import { choice, type OptionTable, text } from './option.ts';

export const TARGET_OPTIONS = {
  identity: text({
    name: 'identity',
    short: 'i',
    value: 'FILE',
    names: 'path',
    example: '~/.ssh/id_lab',
    launch: true,
    help: 'private key to try before those of the SSH configuration and the SSH agent',
  }),
  hostKeyCheck: choice({
    name: 'strict-host-key-checking',
    value: 'HOW',
    choices: {
      ask: 'ask whether it is the host',
      'accept-new': 'remember it',
      yes: 'refuse',
    },
    help: 'what to do with a host whose key is not known (by default as your SSH configuration says, but without a terminal `yes` where it says `ask`; a changed key is always refused)',
    docs: 'Accepted keys are kept in `${XDG_CONFIG_HOME:-~/.config}/kernel-packet-trace/known_hosts`; your own `known_hosts` is read and never written',
  }),
  sshClient: choice({
    name: 'ssh',
    value: 'CLIENT',
    choices: {
      auto: '`builtin`, unless only `system` can',
      builtin: 'our own client',
      system: 'the `ssh` program, with security keys, certificates and Kerberos',
    } satisfies Record<SshClientChoice, string>,
    default: 'auto',
    help: 'what connects',
    docs: 'see [SSH](terminal.md#ssh)',
  }),
  targetFolder: text({
    name: 'target-folder',
    value: 'DIR',
    example: '/opt/packet-trace',
    wants: (folder) => (folder.startsWith('/') ? undefined : 'the whole path of a folder on the target'),
    help: 'folder on the target for the agent and Node, which root alone may write; by default the first that serves of `/var/cache`, `/run` and `/var/tmp/kernel-packet-trace`',
    docs: 'see [clean](terminal.md#clean)',
  }),
} satisfies OptionTable;

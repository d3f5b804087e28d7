import type { HostKeyFile } from '../../target/ssh/host-key-file.ts';
import { pickOne } from '../messages/ask.ts';
import { sayInformation } from '../messages/notify.ts';

/** The command "Forget Host Key…": takes the accepted keys of a host that was installed anew out of our store. */
export async function forgetHostKey(store: HostKeyFile): Promise<void> {
  const types = new Map<string, string[]>();
  for (const { hosts, keyType } of await store.list())
    types.set(hosts, [...(types.get(hosts) ?? []), keyType]);
  if (types.size === 0) {
    void sayInformation(
      'Packet Trace has accepted no host key. Keys that ssh knows stand in its known_hosts files.',
    );
    return;
  }
  const items = [...types].map(([label, keys]) => ({ label, description: keys.join(', ') }));
  const picked = await pickOne(items, {
    title: 'Forget Host Key',
    placeHolder: 'The host whose accepted key is forgotten; the next trace of it asks anew',
  });
  if (picked === undefined) return;
  await store.forget(picked.label);
  void sayInformation(
    `The host key of ${picked.label} is forgotten. The next trace of it asks about its key.`,
  );
}

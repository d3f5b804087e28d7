import { listHosts } from '../../target/ssh/config.ts';

/** Letters that no shell reads as anything but themselves. */
const PLAIN = /^[\w.][\w.-]*$/;

/** The hosts of the SSH configuration, one a line; what a shell would have to quote is left out. */
export async function hostLines(): Promise<string> {
  const hosts = await listHosts();
  return hosts
    .filter((host) => PLAIN.test(host))
    .map((host) => `${host}\n`)
    .join('');
}

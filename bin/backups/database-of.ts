import { CommandFailure } from './command-failure';
import type { Kubectl } from './kubectl';
import type { Container, EnvironmentVariable } from './kubernetes-objects';

/** The database that a container's libpq variables name. */
export interface DatabaseName {
  readonly database: string;
  /** Host of its server. */
  readonly server: string;
}

/**
 * The database that a container works on. Its name is the user's to type, so it is asked from the Secret that the
 * container itself gets it from, never taken from a backup.
 *
 * @throws CommandFailure when a variable is missing, or its Secret cannot be read
 */
export async function databaseOf(kubectl: Kubectl, namespace: string, container: Container): Promise<DatabaseName> {
  const value = (name: string) => textOf(kubectl, namespace, container, name);
  return { database: await value('PGDATABASE'), server: await value('PGHOST') };
}

async function textOf(kubectl: Kubectl, namespace: string, container: Container, name: string): Promise<string> {
  const variable: EnvironmentVariable | undefined = container.env?.find((each) => each.name === name);
  const reference = variable?.valueFrom?.secretKeyRef;
  if (reference === undefined) {
    if (variable?.value === undefined) {
      throw new CommandFailure(1, `container ${container.name} has no ${name}; is its CronJob one of Mooring's?`);
    }
    return variable.value;
  }
  const template = `{{index .data "${reference.key}"}}`;
  const text = await kubectl.output([
    'get',
    'secret',
    reference.name,
    '-n',
    namespace,
    '-o',
    `go-template=${template}`,
  ]);
  return Buffer.from(text, 'base64').toString();
}

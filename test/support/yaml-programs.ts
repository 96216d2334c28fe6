import { join } from 'node:path';
import { ownGoProgram } from './own-go-program';

/** Debian's own interpreter: python3-yaml belongs to it, whatever other python3 stands first in PATH. */
export const PYTHON = '/usr/bin/python3';

const GO_SOURCE = join(__dirname, 'go-yaml');

/**
 * Path of the program that reads YAML with Go.
 *
 * @throws Error with the compiler's output
 */
export function goYamlProgram(): string {
  return ownGoProgram('go-yaml', GO_SOURCE);
}

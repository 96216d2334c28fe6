import { synth } from './synth';

const USAGE = `usage: mooring <command>

commands:
  synth     run "cdk8s synth" and bring dist, docs/platforms and the frozen records up to date by content
  backups   list, make, verify, restore and delete the backups of an environment: mooring backups --help

exit status: 0 done, 1 the command failed, 2 the command line is wrong, 128 + n ended by signal n; backups has more
`;

type Command = (args: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = {
  // Loaded when it is asked for: it needs more than a synth, which shall not wait for that.
  backups: async (args) => (await import('./backups/backups')).backups(args),
  synth: async (args) => (args.length > 0 ? wrongUsage() : synth()),
};

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === '--help' || name === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return command === undefined ? wrongUsage() : command(args);
}

function wrongUsage(): number {
  process.stderr.write(USAGE);
  return 2;
}

void main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  },
);

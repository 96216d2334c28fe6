import { synth } from './synth';

const USAGE = `usage: mooring <command>

commands:
  synth   run "cdk8s synth" and bring dist, docs/platforms and the frozen records up to date by content

exit status: 0 done, 1 the command failed, 2 the command line is wrong
`;

const COMMANDS: Readonly<Record<string, () => Promise<number>>> = { synth };

async function main([name, ...rest]: readonly string[]): Promise<number> {
  const command = name === undefined || rest.length > 0 ? undefined : COMMANDS[name];
  if (command === undefined) {
    const help = name === '--help' || name === 'help';
    (help ? process.stdout : process.stderr).write(USAGE);
    return help ? 0 : 2;
  }
  return command();
}

void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});

import { readFileSync } from 'node:fs';

export interface Instruction {
  readonly name: string;
  /** What follows the name, continuation lines joined. */
  readonly text: string;
  /** Options such as `--from=build`. */
  readonly options: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

export interface Stage {
  readonly base: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  /** Defaults of ARGs before the first FROM. */
  readonly args: Readonly<Record<string, string>>;
  readonly stages: readonly Stage[];
}

/** Reads the part of the Dockerfile language that this repository uses; throws at anything else. */
export function readDockerfile(file: URL): Dockerfile {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const args: Record<string, string> = {};
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const instruction = readInstruction(line);
    const { name, text, words } = instruction;
    const stage = stages.at(-1);
    if (name === 'FROM') {
      stages.push({
        base: expand(words[0] ?? '', args),
        name: words[1]?.toUpperCase() === 'AS' ? words[2] : undefined,
        instructions: [],
      });
    } else if (stage !== undefined) stage.instructions.push(instruction);
    else if (name === 'ARG') args[text.split('=')[0] ?? ''] = text.slice(text.indexOf('=') + 1);
    else throw new Error(`${name} before FROM`);
  }
  return { args, stages };
}

const KNOWN = ['FROM', 'ARG', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'ENTRYPOINT', 'CMD'];

function readInstruction(line: string): Instruction {
  const [, name = '', text = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
  if (!KNOWN.includes(name)) throw new Error(`unknown instruction: ${line}`);
  const all = text.trim().split(/\s+/);
  const options: Record<string, string> = {};
  const given = name === 'COPY' ? all.filter((word) => word.startsWith('--')) : [];
  for (const word of given) {
    const [key = '', value = ''] = word.slice(2).split('=');
    options[key] = value;
  }
  return { name, text, options, words: all.slice(given.length) };
}

const expand = (text: string, args: Readonly<Record<string, string>>) =>
  text.replaceAll(/\$\{(\w+)\}/g, (_all, name: string) => args[name] ?? '');

import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What transformers needs beside an adapter to write and read text as in training. */
const FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
];
const TEMPLATE_FILE = 'chat_template.jinja';

/**
 * Puts the base model's tokenizer beside the result.
 *
 * @param template jinja source of the chat template that was trained with; undefined = rows were running text
 * @returns names of the files that are there
 */
export function writeTokenizerFiles(
  modelFolder: string,
  folder: string,
  template: string | undefined,
): string[] {
  const copied = FILES.filter((name) => existsSync(join(modelFolder, name)));
  for (const name of copied) copyFileSync(join(modelFolder, name), join(folder, name));
  if (template === undefined) return copied;
  writeFileSync(join(folder, TEMPLATE_FILE), template);
  return [...copied, TEMPLATE_FILE];
}

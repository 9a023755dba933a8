import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Compiled, this stands one folder deeper. */
const TESTS = import.meta.url.endsWith('.js') ? '../../' : '../';
const BASES = fileURLToPath(new URL(`${TESTS}parity/cases/bases/`, import.meta.url));

/**
 * A Hugging Face folder of a model with two layers and random weights, with a tokenizer of single bytes: enough to
 * run every path of the trainer in a second.
 */
export function writeTinyModel(folder: string, architecture = 'llama'): string {
  mkdirSync(folder, { recursive: true });
  cpSync(join(BASES, architecture), folder, { recursive: true });
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(byteTokenizer()));
  writeFileSync(
    join(folder, 'tokenizer_config.json'),
    JSON.stringify({ bos_token: '<s>', eos_token: '</s>', add_bos_token: true, add_eos_token: false }),
  );
  return folder;
}

/** A byte-level BPE tokenizer without merges; ids 1 and 2 are the ends of a sequence. */
function byteTokenizer(): object {
  const specials = ['<unk>', '<s>', '</s>'];
  const vocabulary = [...specials, ...byteCharacters()];
  return {
    version: '1.0',
    added_tokens: specials.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges: [],
    },
  };
}

/** The printable character that stands for each byte in byte-level BPE (GPT-2's table). */
function byteCharacters(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}

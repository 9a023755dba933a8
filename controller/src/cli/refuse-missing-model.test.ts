import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { refuseMissingModel } from './refuse-missing-model.js';

describe('a model that is no folder', () => {
  it.each([
    [
      'Qwen/Qwen2.5-0.5B-Instruct',
      /^--model: there is no folder .*; did you mean hf:\/\/Qwen\/Qwen2.5-0.5B-Instruct\?$/,
    ],
    [
      'https://huggingface.co/Qwen/Qwen3-8B',
      /^--model: .* is a web page; did you mean hf:\/\/Qwen\/Qwen3-8B\?$/,
    ],
    ['/nowhere', /^--model: there is no folder \/nowhere; give the folder of the model/],
    [process.argv[1] ?? '', /is a file; give the folder that holds it/],
  ])('%s is refused before anything is started', (given, message) => {
    expect(() => refuseMissingModel(given)).toThrow(message);
  });

  it.each(['hf://Qwen/Qwen3-8B', 's3://models/qwen', tmpdir()])('%s may be one', (given) => {
    expect(() => refuseMissingModel(given)).not.toThrow();
  });
});

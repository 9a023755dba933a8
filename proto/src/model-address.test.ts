import { describe, expect, it } from 'vitest';
import { missingModelFolder, probableHubAddress } from './model-address.js';

describe('a model that is no folder', () => {
  it.each([
    ['Qwen/Qwen2.5-0.5B-Instruct', 'hf://Qwen/Qwen2.5-0.5B-Instruct'],
    ['https://huggingface.co/Qwen/Qwen2.5-0.5B', 'hf://Qwen/Qwen2.5-0.5B'],
    ['huggingface.co/openai-community/gpt2/', 'hf://openai-community/gpt2'],
    ['./models/qwen', undefined],
    ['/models/qwen', undefined],
    ['models/team/qwen', undefined],
    ['qwen', undefined],
    ['../qwen', undefined],
  ])('%s may mean %s', (given, meant) => expect(probableHubAddress(given)).toBe(meant));

  it('is named with what was probably meant', () => {
    expect(missingModelFolder('Qwen/Qwen3-8B', 'model', 'en')).toBe(
      'there is no folder Qwen/Qwen3-8B; did you mean hf://Qwen/Qwen3-8B?',
    );
    expect(missingModelFolder('/models/x', 'model', 'en')).toBe(
      'there is no folder /models/x; give the folder of the model, or an address such as hf://owner/name',
    );
  });

  it('is refused in Chinese, too', () => {
    expect(missingModelFolder('Qwen/Qwen3-8B', 'model', 'zh')).toBe(
      '文件夹 Qwen/Qwen3-8B 不存在；您是指 hf://Qwen/Qwen3-8B 吗？',
    );
  });
});

import { describe, expect, it } from 'vitest';
import { formatTable } from './format-table.js';

describe('formatTable', () => {
  it('lines columns up by what a terminal shows, not by characters', () => {
    expect(
      formatTable(
        ['NAME', 'MESSAGE'],
        [
          ['合同', 'waits'],
          ['a', 'b'],
        ],
      ),
    ).toBe('NAME   MESSAGE\n合同   waits\na      b\n');
  });

  it('keeps control characters of a job away from the terminal', () => {
    expect(formatTable(['M'], [['a\u001b[2Jb\nc']])).toBe('M\na [2Jb c\n');
  });
});

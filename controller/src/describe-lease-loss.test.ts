import { expect, test } from 'vitest';
import { describeLeaseLoss } from './describe-lease-loss.js';

test('a lost lease names another controller only when one holds it', () => {
  expect(describeLeaseLoss('a', 'b')).toContain('another controller acts now');
  for (const holder of ['a', ''])
    expect(describeLeaseLoss('a', holder)).toMatch(/^the lease could not be renewed in time/);
});

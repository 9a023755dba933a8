import { expect, it } from 'vitest';
import { DivergedError, ResourceError, UserError } from '../errors.js';
import { classifyFailure } from './exit-codes.js';

it.each([
  [new UserError(''), 'UserError', 2],
  [new DivergedError(''), 'Diverged', 3],
  [new ResourceError(''), 'OutOfMemory', 4],
  [new Error('socket closed'), 'Infrastructure', 1],
])('%s is told as %s, with exit code %d', (error, reason, exitCode) => {
  expect(classifyFailure(error)).toEqual({ reason, exitCode });
});

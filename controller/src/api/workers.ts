import type { z } from 'zod';
import { choice, documented, flag, integer, list, text } from './schema.js';

/** Gang size and the GPUs that a worker takes. */
export const workersSchema = documented(
  'The gang: how many trainer processes, on which GPUs.',
  {
    min: integer('Fewest workers to start with. Default 1.', 1, 4096).optional(),
    // The API server answers `GET scale` only for jobs that have this field. It cannot set it to the value of another
    // one, so 1 also stands for "not given": the controller then writes min there.
    max: integer(
      'Most workers that are of use. Default 1, or min if that is more, which is then written here.',
      1,
      4096,
    )
      .optional()
      .meta({ default: 1 }),
    gpusPerWorker: integer('GPUs of one worker. Default 1.', 1, 64).optional(),
    flavors: list(
      'Acceptable kinds of GPU in the order of preference, such as H100 or A100-mig-1g.10gb. Default: any that the queue has quota for.',
      text('A flavor.', 63),
      16,
    ).optional(),
    replaceStragglers: flag(
      'Replace a worker, once, that has taken 3 times as long for a micro-batch as is usual among the others for a minute. Counts as a failure for backoffLimit. Default false: it is only reported, and given less to do.',
    ).optional(),
    topology: documented('Where the workers of a job stand to each other.', {
      level: choice(
        'Domain that they share; nvlink: nodes whose GPUs share one NVLink fabric (label nvidia.com/gpu.clique). Default node.',
        ['node', 'nvlink', 'rack', 'zone'],
      ).optional(),
      mode: choice('required waits for a domain that holds them all; preferred (default) uses few domains.', [
        'required',
        'preferred',
      ]).optional(),
    }).optional(),
  },
  [
    {
      rule: '!has(self.min) || !has(self.max) || self.min <= self.max || self.max == 1',
      message: 'min must not be larger than max',
      holds: ({ min, max }) => min === undefined || max === undefined || min <= max || max === 1,
      field: 'min',
    },
    {
      // Whoever writes a whole job again without a max, after min was written there, leaves it out as before.
      rule: '!has(self.min) || !has(self.max) || self.min <= self.max || (has(oldSelf.max) && (oldSelf.max == self.max || (has(oldSelf.min) && oldSelf.max == oldSelf.min)))',
      message: 'min must not be larger than max',
      field: 'min',
    },
  ],
);

export type Workers = z.output<typeof workersSchema>;

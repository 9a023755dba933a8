// The dashboard of one job: does it learn, how fast, and what disturbed it.
import { annotation, choice, dashboard, lines, number } from './panels.mjs';

const job = 'namespace="$namespace",job="$job"';
const worst = (metric) => `max(${metric}{${job}})`;
/** Every worker reports the figures of the whole job; the newest of them is the job's. */
const figure = (metric) => `max by (job) (${metric}{${job}})`;
const phase = (name) =>
  `avg by (phase) (rate(tuneyard_trainer_step_seconds_sum{${job},phase="${name}"}[$__rate_interval]) / rate(tuneyard_trainer_step_seconds_count{${job},phase="${name}"}[$__rate_interval]))`;
/** GPUs of this job's pods, as the DCGM exporter names them with and without honorLabels. */
const gpus = (metric) =>
  `avg by (pod, exported_pod) (${metric}{namespace="$namespace",pod=~"$job-worker-[0-9]+"} or ${metric}{exported_namespace="$namespace",exported_pod=~"$job-worker-[0-9]+"})`;

export const trainingJob = dashboard({
  uid: 'tuneyard-job',
  title: 'Tuneyard / Job',
  description: 'Whether one job learns, how fast, and what disturbed it.',
  variables: [
    choice('namespace', 'Namespace', 'label_values(tuneyard_trainer_step, namespace)', { all: false }),
    choice('job', 'Job', 'label_values(tuneyard_trainer_step{namespace="$namespace"}, job)', { all: false }),
  ],
  annotations: [
    annotation(
      'Workers changed',
      'purple',
      `max by (job, cause) (increase(tuneyard_trainer_generations_total{${job},cause!="balanced"}[1m])) > 0`,
      'workers changed: {{cause}}',
    ),
    annotation(
      'Checkpoint',
      'green',
      `max by (job) (increase(tuneyard_trainer_checkpoint_seconds_count{${job}}[1m])) > 0`,
      'checkpoint',
    ),
    annotation(
      'Skipped step',
      'red',
      `max by (job) (increase(tuneyard_trainer_skipped_steps_total{${job}}[1m])) > 0`,
      'gradient was not finite',
    ),
  ],
  rows: [
    {
      title: 'Now',
      height: 4,
      panels: [
        number(
          'Done',
          'Committed steps / steps of the whole run.',
          'percentunit',
          `${worst('tuneyard_trainer_step')} / ${worst('tuneyard_trainer_total_steps')}`,
          [[null, 'blue']],
        ),
        number(
          'Left at this pace',
          'Steps left / steps per second of the last 10 minutes.',
          's',
          `(${worst('tuneyard_trainer_total_steps')} - ${worst('tuneyard_trainer_step')}) / (max(deriv(tuneyard_trainer_step{${job}}[10m])) > 0)`,
          [[null, 'blue']],
        ),
        number(
          'Training loss',
          'Newest step, nats per trained token.',
          'none',
          figure('tuneyard_trainer_train_loss'),
        ),
        number('Validation loss', 'Newest evaluation.', 'none', figure('tuneyard_trainer_eval_loss')),
        number(
          'Tokens a second',
          'Trained tokens, the whole job.',
          'short',
          `max(rate(tuneyard_trainer_trained_tokens_total{${job}}[5m]))`,
        ),
        number('Workers', 'In the current membership.', 'short', figure('tuneyard_trainer_members'), [
          [null, 'red'],
          [1, 'green'],
        ]),
        number(
          'Skipped steps',
          'Loss or gradient was not finite.',
          'short',
          worst('tuneyard_trainer_skipped_steps_total'),
          [
            [null, 'green'],
            [1, 'orange'],
            [10, 'red'],
          ],
        ),
        number(
          'Padding',
          'Share of the computed tokens that are padding; packing or a shorter maxLength lowers it.',
          'percentunit',
          worst('tuneyard_trainer_padding_ratio'),
          [
            [null, 'green'],
            [0.3, 'orange'],
          ],
        ),
      ],
    },
    {
      title: 'Does it learn',
      panels: [
        lines(
          'Loss',
          'Validation loss that rises while the other falls: it memorises. Fewer epochs, a smaller rank or more data help.',
          'none',
          [
            [figure('tuneyard_trainer_train_loss'), 'training'],
            [figure('tuneyard_trainer_eval_loss'), 'validation'],
          ],
        ),
        lines(
          'Gradient norm',
          'Before clipping. Spikes go with a learning rate that is too high or with broken rows.',
          'none',
          [[figure('tuneyard_trainer_gradient_norm'), 'norm']],
          { log: true },
        ),
        lines('Learning rate', '', 'none', [[figure('tuneyard_trainer_learning_rate'), 'rate']]),
        lines(
          'Exact match on the test split',
          'After training: the base model and the tuned one.',
          'percentunit',
          [[`max by (model) (tuneyard_trainer_exact_match_ratio{${job}})`, '{{model}}']],
          { min: 0, max: 1 },
        ),
      ],
    },
    {
      title: 'How fast',
      panels: [
        lines(
          'Trained tokens a second',
          'The whole job.',
          'short',
          [[`max(rate(tuneyard_trainer_trained_tokens_total{${job}}[$__rate_interval]))`, 'tokens/s']],
          { min: 0 },
        ),
        lines(
          'Where a step’s time goes',
          'Averages over workers: computing, summing the gradients, and in verified steps checking bits.',
          's',
          [
            [phase('compute'), 'compute'],
            [phase('data'), 'of it data'],
            [phase('allreduce'), 'all-reduce'],
            [phase('update'), 'update'],
            [phase('verify'), 'checking bits'],
            [phase('total'), 'whole step'],
          ],
          { min: 0 },
        ),
        lines(
          'All-reduce traffic',
          'Bytes sent to peers, by worker.',
          'Bps',
          [
            [
              `sum by (worker) (rate(tuneyard_trainer_allreduce_bytes_total{${job}}[$__rate_interval]))`,
              '{{worker}}',
            ],
          ],
          { min: 0 },
        ),
        lines(
          'Slowest workers',
          'Seconds of computing a step; one that stands out slows all others down.',
          's',
          [
            [
              `topk(8, sum by (worker) (rate(tuneyard_trainer_step_seconds_sum{${job},phase="compute"}[5m])) / sum by (worker) (rate(tuneyard_trainer_step_seconds_count{${job},phase="compute"}[5m])))`,
              '{{worker}}',
            ],
          ],
          { min: 0 },
        ),
      ],
    },
    {
      title: 'How the workers get on',
      panels: [
        lines(
          'Seconds a micro-batch',
          'By worker. Who is slow gets less to do; three times the others for a minute is reported.',
          's',
          [[`max by (worker) (tuneyard_trainer_micro_batch_seconds{${job}})`, '{{worker}}']],
          { min: 0 },
        ),
        lines(
          'Share of the work',
          'Dealt by speed; 1 is that of an average worker. It does not change the result.',
          'none',
          [[`max by (worker) (tuneyard_trainer_share_ratio{${job}})`, '{{worker}}']],
          { min: 0 },
        ),
        lines(
          'Waiting for a peer',
          'Seconds a second, summed over those who wait. Who stands out holds the others up: it is slow, or its network is.',
          'percentunit',
          [
            [
              `sum by (peer) (rate(tuneyard_trainer_peer_wait_seconds_total{${job}}[$__rate_interval]))`,
              '{{peer}}',
            ],
          ],
          { min: 0 },
        ),
        lines(
          'All-reduce bandwidth',
          'Of the newest sum: bytes that a worker sent / seconds until the sum was complete, waiting for peers included.',
          'Bps',
          [[`max by (worker) (tuneyard_trainer_allreduce_bandwidth_bytes_per_second{${job}})`, '{{worker}}']],
          { min: 0 },
        ),
      ],
    },
    {
      title: 'Recovery and verification',
      panels: [
        lines(
          'Recovery time by cause',
          'From the end of a membership in the middle of a sum to the next complete sum, 95 of 100.',
          's',
          [
            [
              `histogram_quantile(0.95, sum by (cause, le) (rate(tuneyard_trainer_recovery_seconds_bucket{${job}}[15m])))`,
              '{{cause}}',
            ],
          ],
          { min: 0 },
        ),
        lines(
          'State moved between workers',
          'Adapter state for workers that joined or fell behind.',
          'Bps',
          [
            [
              `sum by (direction) (rate(tuneyard_trainer_state_transfer_bytes_total{${job}}[$__rate_interval]))`,
              '{{direction}}',
            ],
            [
              `sum(rate(tuneyard_trainer_allreduce_resent_bytes_total{${job}}[$__rate_interval]))`,
              'sums sent again',
            ],
          ],
          { min: 0 },
        ),
        lines(
          'Peers reported',
          'Per hour. link: out of reach. frame: damaged data. wrong-bits: a machine that miscalculates; take it out.',
          'short',
          [
            [
              `sum by (peer, kind) (rate(tuneyard_trainer_peer_reports_total{${job}}[15m])) * 3600`,
              '{{peer}}: {{kind}}',
            ],
          ],
          { min: 0 },
        ),
        lines(
          'Micro-batches computed twice',
          'Per hour, with training.verifyEverySteps. A disputed one is followed by the replacement of a worker.',
          'short',
          [
            [
              `sum by (result) (rate(tuneyard_trainer_verified_batches_total{${job}}[15m])) * 3600`,
              '{{result}}',
            ],
          ],
          { min: 0 },
        ),
      ],
    },
    {
      title: 'What disturbed it',
      panels: [
        lines(
          'Workers and generation',
          'The generation rises whenever a worker joins or is lost, and when micro-batches are dealt anew by speed.',
          'short',
          [
            [figure('tuneyard_trainer_members'), 'workers'],
            [figure('tuneyard_trainer_generation'), 'generation'],
          ],
          { min: 0 },
        ),
        lines(
          'Checkpoints',
          'Seconds to write one, average.',
          's',
          [
            [
              `sum(rate(tuneyard_trainer_checkpoint_seconds_sum{${job}}[30m])) / (sum(rate(tuneyard_trainer_checkpoint_seconds_count{${job}}[30m])) > 0)`,
              'seconds',
            ],
          ],
          { min: 0 },
        ),
        lines(
          'Memory of the trainers',
          'Resident memory of the processes, without the GPU’s.',
          'bytes',
          [[`process_resident_memory_bytes{${job}}`, '{{worker}}']],
          { min: 0 },
        ),
      ],
    },
    {
      title: 'Its GPUs (DCGM exporter)',
      panels: [
        lines(
          'GPU utilisation',
          'By pod. Low while computing is most of the step: micro-batches are too small.',
          'percent',
          [[gpus('DCGM_FI_DEV_GPU_UTIL'), '{{pod}}{{exported_pod}}']],
          { min: 0, max: 100 },
        ),
        lines(
          'GPU memory in use',
          'In MiB as the exporter reports it.',
          'decmbytes',
          [[gpus('DCGM_FI_DEV_FB_USED'), '{{pod}}{{exported_pod}}']],
          { min: 0 },
        ),
      ],
    },
  ],
});

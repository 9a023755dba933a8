// The dashboard of the pool: who has what, who waits and why.
import { annotation, bars, choice, dashboard, lines, number } from './panels.mjs';

const queue = 'queue=~"$queue"';
/** GPUs of trainers, as the DCGM exporter names their pods; with honorLabels off they are called exported_pod. */
const ofTrainers = (metric) =>
  `${metric}{pod=~".+-worker-[0-9]+"} or ${metric}{exported_pod=~".+-worker-[0-9]+"}`;

export const pool = dashboard({
  uid: 'tuneyard-pool',
  title: 'Tuneyard / Pool',
  description: 'Who has which GPUs, who waits for what and for how long, and what was lost.',
  variables: [choice('queue', 'Queue', 'label_values(tuneyard_queue_nominal_gpus, queue)')],
  annotations: [
    annotation(
      'Evictions',
      'orange',
      `sum by (queue, reason) (increase(tuneyard_evictions_total{${queue}}[1m])) > 0`,
      '{{queue}}: eviction, {{reason}}',
    ),
  ],
  rows: [
    {
      title: 'Now',
      height: 4,
      panels: [
        number(
          'GPUs in use',
          'GPUs of admitted jobs, and of pods that are ending.',
          'short',
          `sum(tuneyard_queue_used_gpus{${queue}})`,
        ),
        number('Quota', 'Sum of the nominal quotas.', 'short', `sum(tuneyard_queue_nominal_gpus{${queue}})`, [
          [null, 'blue'],
        ]),
        number(
          'Quota in use',
          'Above 100 %: queues borrow.',
          'percentunit',
          `sum(tuneyard_queue_used_gpus{${queue}}) / sum(tuneyard_queue_nominal_gpus{${queue}})`,
          [
            [null, 'orange'],
            [0.5, 'green'],
          ],
        ),
        number(
          'Jobs that wait',
          'And can be admitted.',
          'short',
          `sum(tuneyard_pending_jobs{${queue}}) or vector(0)`,
          [
            [null, 'green'],
            [1, 'blue'],
            [20, 'orange'],
          ],
        ),
        number(
          'GPU-hours lost today',
          'Work that failures and evictions undid, last 24 hours.',
          'h',
          `sum(increase(tuneyard_gpu_seconds_lost_total{${queue}}[24h])) / 3600`,
          [
            [null, 'green'],
            [8, 'orange'],
            [80, 'red'],
          ],
        ),
        number('Leading controllers', 'Exactly one leads.', 'short', 'sum(tuneyard_leader)', [
          [null, 'red'],
          [1, 'green'],
          [2, 'red'],
        ]),
      ],
    },
    {
      title: 'Who has what',
      panels: [
        lines(
          'GPUs in use by queue',
          'GPUs of admitted jobs, and of pods that are ending.',
          'short',
          [[`sum by (queue) (tuneyard_queue_used_gpus{${queue}})`, '{{queue}}']],
          { stack: true, min: 0 },
        ),
        bars(
          'Use of quota by queue and flavor',
          'Used / nominal; above 1 the queue borrows from its cohort.',
          'percentunit',
          [
            [
              `sort_desc(sum by (queue, flavor) (tuneyard_queue_used_gpus{${queue}}) / (sum by (queue, flavor) (tuneyard_queue_nominal_gpus{${queue}}) > 0))`,
              '{{queue}} {{flavor}}',
            ],
          ],
          { max: 1.5 },
        ),
        lines(
          'GPUs in use by flavor, against quota',
          'Quota far above use: GPUs idle.',
          'short',
          [
            [`sum by (flavor) (tuneyard_queue_used_gpus{${queue}})`, '{{flavor}} used'],
            [`sum by (flavor) (tuneyard_queue_nominal_gpus{${queue}})`, '{{flavor}} quota'],
            ['max by (flavor) (tuneyard_pool_gpus)', '{{flavor}} in the pool'],
          ],
          { min: 0 },
        ),
        lines(
          'Borrowed, lent, and still ending',
          'Borrowed: above the nominal quota. Lent: of the own quota, used by others. Ending: of pods that are not gone yet, such as of a cancelled job.',
          'short',
          [
            [`sum by (queue) (tuneyard_queue_borrowed_gpus{${queue}})`, '{{queue}} borrowed'],
            [`sum by (queue) (tuneyard_queue_ending_gpus{${queue}})`, '{{queue}} ending'],
            [`sum by (queue) (tuneyard_queue_lent_gpus{${queue}})`, '{{queue}} lent'],
          ],
          { min: 0 },
        ),
      ],
    },
    {
      title: 'Who is charged for what',
      panels: [
        bars(
          'GPU-hours by namespace, 24 h',
          'GPU-hours that the jobs of a namespace held, whoever owns the quota. Longer times: the same query with another range.',
          'h',
          [
            [
              `sort_desc(sum by (namespace, flavor) (increase(tuneyard_namespace_gpu_seconds_total{${queue}}[24h])) / 3600)`,
              '{{namespace}} {{flavor}}',
            ],
          ],
        ),
        lines(
          'GPUs by namespace',
          'GPUs that admitted jobs hold.',
          'short',
          [[`sum by (namespace) (tuneyard_job_gpus{${queue}})`, '{{namespace}}']],
          { stack: true, min: 0 },
        ),
        bars('GPUs by job', 'The jobs that hold most.', 'short', [
          [`topk(12, sum by (namespace, job) (tuneyard_job_gpus{${queue}}))`, '{{namespace}}/{{job}}'],
        ]),
        bars(
          'Builds',
          'Processes by program and version; more than one version while an upgrade goes on.',
          'short',
          [['count by (program, version) (tuneyard_build_info)', '{{program}} {{version}}']],
        ),
      ],
    },
    {
      title: 'Who waits, and why',
      panels: [
        lines(
          'Jobs that wait, by reason',
          'kubectl get ftj shows each job’s reason and what to do.',
          'short',
          [[`sum by (reason) (tuneyard_pending_jobs{${queue}})`, '{{reason}}']],
          { stack: true, min: 0 },
        ),
        lines(
          'Jobs that cannot be admitted, by reason',
          'Their owner, a queue or the pool must change something first. They have no place in a queue.',
          'short',
          [['sum by (reason) (tuneyard_inadmissible_jobs)', '{{reason}}']],
          { stack: true, min: 0 },
        ),
        lines(
          'Jobs that wait, by queue',
          '',
          'short',
          [[`sum by (queue) (tuneyard_pending_jobs{${queue}})`, '{{queue}}']],
          { stack: true, min: 0 },
        ),
        lines(
          'Seconds to admission',
          'From creation to first admission, of the jobs admitted in the last hour.',
          's',
          [
            [
              `histogram_quantile(0.5, sum by (le) (rate(tuneyard_admission_wait_seconds_bucket{${queue}}[1h])))`,
              'half within',
            ],
            [
              `histogram_quantile(0.95, sum by (le) (rate(tuneyard_admission_wait_seconds_bucket{${queue}}[1h])))`,
              '95 % within',
            ],
          ],
          { min: 0 },
        ),
        lines(
          'Estimates of the start',
          'By how much the first estimate that a job was told was off, of the jobs started in the last hour.',
          's',
          [
            [
              `histogram_quantile(0.5, sum by (le) (rate(tuneyard_start_estimate_error_seconds_bucket{${queue}}[1h])))`,
              'half within',
            ],
          ],
          { min: 0 },
        ),
      ],
    },
    {
      title: 'What was done, and lost',
      panels: [
        lines(
          'Admissions and ends per hour',
          '',
          'short',
          [
            [`sum(rate(tuneyard_admissions_total{${queue}}[15m])) * 3600`, 'admitted'],
            [`sum by (outcome) (rate(tuneyard_jobs_finished_total{${queue}}[15m])) * 3600`, '{{outcome}}'],
          ],
          { min: 0 },
        ),
        lines(
          'Evictions and worker failures per hour',
          '',
          'short',
          [
            [`sum by (reason) (rate(tuneyard_evictions_total{${queue}}[15m])) * 3600`, 'evicted: {{reason}}'],
            [`sum(rate(tuneyard_worker_failures_total{${queue}}[15m])) * 3600`, 'workers that failed'],
            [
              `sum by (cause) (rate(tuneyard_workers_expelled_total{${queue}}[15m])) * 3600`,
              'expelled: {{cause}}',
            ],
            [`sum(rate(tuneyard_stragglers_total{${queue}}[15m])) * 3600`, 'found far too slow'],
          ],
          { min: 0 },
        ),
        lines(
          'Share of GPU time lost',
          'GPU-seconds undone by failures and evictions / GPU-seconds held.',
          'percentunit',
          [
            [
              `sum by (queue) (rate(tuneyard_gpu_seconds_lost_total{${queue}}[1h])) / (sum by (queue) (rate(tuneyard_gpu_seconds_used_total{${queue}}[1h])) > 0)`,
              '{{queue}}',
            ],
          ],
          { min: 0 },
        ),
      ],
    },
    {
      title: 'GPUs of trainers (DCGM exporter)',
      panels: [
        lines(
          'GPU utilisation',
          'Average of the GPUs that trainers hold.',
          'percent',
          [
            [`avg(${ofTrainers('DCGM_FI_DEV_GPU_UTIL')})`, 'average'],
            [`min(${ofTrainers('DCGM_FI_DEV_GPU_UTIL')})`, 'least'],
          ],
          { min: 0, max: 100 },
        ),
        lines(
          'GPU memory in use',
          'Per pod, in MiB as the exporter reports it.',
          'decmbytes',
          [[`sum by (pod, exported_pod) (${ofTrainers('DCGM_FI_DEV_FB_USED')})`, '{{pod}}{{exported_pod}}']],
          { min: 0 },
        ),
      ],
    },
    {
      title: 'The controller itself',
      panels: [
        lines(
          'Scheduling cycle',
          '99 % of the cycles are faster.',
          's',
          [
            [
              'histogram_quantile(0.99, sum by (le, phase) (rate(tuneyard_scheduling_cycle_seconds_bucket[5m])))',
              '{{phase}}',
            ],
          ],
          { min: 0 },
        ),
        lines(
          'Work queues',
          'Keys that wait, and the time that 99 % of them wait less than.',
          'short',
          [
            ['sum by (name) (workqueue_depth)', '{{name}} depth'],
            [
              'histogram_quantile(0.99, sum by (le, name) (rate(workqueue_queue_duration_seconds_bucket[5m])))',
              '{{name}} seconds',
            ],
          ],
          { min: 0 },
        ),
        lines(
          'Requests to the API server',
          'By answer; 0 is no answer.',
          'reqps',
          [['sum by (verb, code) (rate(tuneyard_api_requests_total[5m]))', '{{verb}} {{code}}']],
          { min: 0 },
        ),
        lines(
          'Errors per minute',
          'Keys whose handling failed and is tried again, and calls to the stores.',
          'short',
          [
            ['sum by (controller) (rate(tuneyard_reconcile_errors_total[5m])) * 60', '{{controller}}'],
            ['sum by (store) (rate(tuneyard_store_errors_total[5m])) * 60', 'store of {{store}}'],
            ['sum by (place) (rate(tuneyard_object_faults_total[5m])) * 60', 'objects, {{place}}'],
          ],
          { min: 0 },
        ),
      ],
    },
  ],
});

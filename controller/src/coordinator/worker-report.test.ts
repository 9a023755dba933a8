import { WorkerMessage } from '@tuneyard/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { soundReport, soundTraining } from './worker-report.js';

const number = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -1, 1e308, 2 ** 53 - 1));
const text = fc.oneof(fc.string(), fc.constant('x'.repeat(5_000)));
const step = fc.oneof(fc.integer(), fc.constantFrom(-1, 2 ** 53 - 1));

describe('soundReport', () => {
  it('bounds every figure and every text of every message', () => {
    const messages = fc.oneof(
      fc.record({
        $case: fc.constant('progress'),
        value: fc.record({
          step,
          totalSteps: step,
          epoch: number,
          trainLoss: number,
          evalLoss: number,
          gradientNorm: number,
          learningRate: number,
          tokensPerSecond: number,
          stepSeconds: number,
          tokens: step,
          estimatedSecondsLeft: number,
        }),
      }),
      fc.record({
        $case: fc.constant('peerFailure'),
        value: fc.record({ generation: step, memberId: text, reason: text }),
      }),
      fc.record({
        $case: fc.constant('checkpointDone'),
        value: fc.record({ step, uri: text, digest: text, bytes: step, seconds: number }),
      }),
      fc.record({
        $case: fc.constant('finished'),
        value: fc.record({
          step,
          outcome: fc.constant(1),
          reason: text,
          message: text,
          artifacts: fc.array(fc.record({ format: text, uri: text, digest: text, bytes: step })),
          metrics: fc.array(fc.record({ name: text, base: number, tuned: number, examples: step })),
        }),
      }),
      fc.record({
        $case: fc.constant('heartbeat'),
        value: fc.record({ committedStep: step, unitSeconds: number }),
      }),
    );
    fc.assert(
      fc.property(messages, (body) => {
        const sound = soundReport({ body } as unknown as WorkerMessage);
        expect(JSON.stringify(sound).length).toBeLessThan(64 * 1024);
        const seen: number[] = [];
        JSON.stringify(sound, (_, value: unknown) => {
          if (typeof value === 'number') seen.push(value);
          return value;
        });
        for (const value of seen) expect(Number.isNaN(value) || Number.isFinite(value)).toBe(true);
        // The next controller reads it from the wire or the store.
        expect(() => WorkerMessage.decode(WorkerMessage.encode(sound).finish())).not.toThrow();
      }),
      { numRuns: 200 },
    );
  });

  it('says what is not known as such, and keeps what is sound as it is', () => {
    const progress = {
      step: 3,
      totalSteps: 10,
      epoch: 0.5,
      trainLoss: 1.25,
      gradientNorm: 1,
      learningRate: 1e-4,
      tokensPerSecond: 100,
      stepSeconds: 0.1,
      tokens: 300,
      estimatedSecondsLeft: 7,
    };
    const sound: WorkerMessage = { body: { $case: 'progress', value: progress } };
    expect(soundReport(sound)).toEqual(sound);
    const wrong = { ...progress, step: -4, evalLoss: Infinity, estimatedSecondsLeft: 1e300 };
    expect(soundTraining({ progress: wrong }).progress).toEqual({
      ...progress,
      step: 0,
      estimatedSecondsLeft: 10 * 365 * 24 * 3600,
    });
  });

  it('names a figure once, and none that is no number', () => {
    const metrics = [
      { name: 'exactMatch', tuned: NaN, examples: 1 },
      { name: 'exactMatch', tuned: 0.5, base: NaN, examples: 4 },
      { name: 'exactMatch', tuned: 0.9, examples: 4 },
    ];
    const finished = { step: 1, outcome: 1, reason: '', message: '', artifacts: [], metrics };
    expect(soundTraining({ finished } as never).finished?.metrics).toEqual([
      { name: 'exactMatch', tuned: 0.5, examples: 4 },
    ]);
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { describeKept, Interruption, resumeCommand } from './interruption.js';

let interruption: Interruption | undefined;
afterEach(() => interruption?.forget());

describe('an interrupted run', () => {
  it('stops in order at the first signal, and at once at the second', () => {
    const done: string[] = [];
    interruption = new Interruption(
      {
        line: (text) => done.push(text.split(' ', 1)[0] ?? ''),
        stop: () => done.push('stop'),
        kill: () => done.push('kill'),
      },
      (code) => done.push(`exit ${code}`),
    );
    process.emit('SIGHUP', 'SIGHUP');
    expect([interruption.isAsked, ...done]).toEqual([true, 'stopping', 'stop']);
    process.emit('SIGHUP', 'SIGHUP');
    process.emit('SIGINT', 'SIGINT');
    expect(done).toEqual(['stopping', 'stop', 'ending', 'kill', 'exit 130']);
  });

  it('says what was kept, where, and the command that goes on', () => {
    const argv = ['node', 'tuneyard', 'train', '--data', '我的 数据.jsonl', '--out', 'out', '--force'];
    expect(describeKept({ step: 340, place: '/data/out-checkpoints' }, 6800, argv)).toBe(
      "stopped; the checkpoint of step 340/6800 is kept in /data/out-checkpoints. Go on with:\n  npx tuneyard train --data '我的 数据.jsonl' --out out --resume",
    );
  });

  it('says that nothing was kept before the first step', () => {
    expect(describeKept(undefined, undefined, [])).toBe(
      'stopped before a checkpoint was written, so nothing is kept; the same command begins anew',
    );
  });

  it('goes on only once, however often it was interrupted', () => {
    expect(resumeCommand(['node', 'tuneyard', 'train', '--resume', "--set=a='b'"])).toBe(
      `npx tuneyard train '--set=a='\\''b'\\''' --resume`,
    );
  });
});

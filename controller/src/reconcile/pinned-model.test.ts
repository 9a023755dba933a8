import { describe, expect, it } from 'vitest';
import type { FineTuneJob } from '../api/index.js';
import type { HubModel, HubModels } from '../models/index.js';
import { PinnedModels } from './pinned-model.js';
import { createResolver } from './resolve-cached.js';

const [FIRST, SECOND] = ['a'.repeat(40), 'b'.repeat(40)];

/** A hub whose answers are these, by `name@revision`. */
const hub = (answers: Record<string, HubModel>) => {
  const known = (name: string, revision: string) => answers[`${name}@${revision}`];
  return {
    known,
    isSettled: (name: string, revision: string) => known(name, revision) !== undefined,
  } as unknown as HubModels;
};
const job = (model: object, status: object = {}) =>
  ({
    metadata: { name: 'a', uid: 'u', generation: 1 },
    spec: {
      queueName: 'team',
      model,
      dataset: { sources: [{ uri: 'file:///data/a.jsonl' }] },
      output: { uri: 'file:///out' },
    },
    status,
  }) as unknown as FineTuneJob;
const resolved = (models: PinnedModels, of: FineTuneJob) => {
  const result = createResolver({ allowPrivileged: false }, models)(of);
  if ('invalid' in result) throw new Error(result.invalid);
  return result;
};
const source = 'hf://org/name';
const admitted = [{ type: 'Admitted', status: 'True' }];

describe('PinnedModels', () => {
  it('gives workers the commit that the branch is at when the job is first seen', () => {
    const models = new PinnedModels(hub({ 'org/name@main': { commit: FIRST } }));
    const { model, pin } = resolved(models, job({ source }));
    expect(model).toEqual({ source, revision: FIRST });
    expect(pin).toEqual({ source, commit: FIRST });
  });

  it('stays with the commit in the status when the branch has moved since', () => {
    const models = new PinnedModels(hub({ 'org/name@main': { commit: SECOND } }));
    const status = { resolved: { model: { source, commit: FIRST } }, conditions: admitted };
    expect(resolved(models, job({ source }, status)).model.revision).toBe(FIRST);
  });

  it('looks anew for another source or revision in the spec', () => {
    const models = new PinnedModels(hub({ 'org/name@v2': { commit: SECOND } }));
    const status = { resolved: { model: { source, commit: FIRST } } };
    const { model, pin } = resolved(models, job({ source, revision: 'v2' }, status));
    expect(model.revision).toBe(SECOND);
    expect(pin).toEqual({ source, revision: 'v2', commit: SECOND });
  });

  it('reads a revision in the address, and tells workers one revision only', () => {
    const models = new PinnedModels(hub({ 'org/name@v1': { commit: FIRST } }));
    const { model, pin } = resolved(models, job({ source: `${source}@v1` }));
    expect(model).toEqual({ source, revision: FIRST });
    expect(pin).toEqual({ source: `${source}@v1`, commit: FIRST });
  });

  it('holds a job back until the hub has answered, unless its workers run already', () => {
    const later = () => undefined;
    const models = new PinnedModels(hub({}));
    expect(models.isSettled(job({ source }), later)).toBe(false);
    expect(models.isSettled(job({ source }, { conditions: admitted }), later)).toBe(true);
    expect(models.isSettled(job({ source: 'file:///m' }), later)).toBe(true);
  });

  it('leaves models behind credentials to the workers, and jobs that began without a pin with what they chose', () => {
    const models = new PinnedModels(hub({ 'org/name@main': { commit: FIRST } }));
    expect(models.of(job({ source, secretRef: { name: 'token' } }))).toBeUndefined();
    expect(models.isSettled(job({ source, secretRef: { name: 'token' } }), () => undefined)).toBe(true);
    const begun = job({ source }, { startTime: '2026-01-01T00:00:00Z' });
    expect(models.of(begun)).toBeUndefined();
    expect(models.isSettled(begun, () => undefined)).toBe(true);
  });

  it('estimates memory by the sizes at that commit, once they are known', () => {
    const shape = { layers: 2 } as unknown as HubModel['shape'];
    const answers: Record<string, HubModel> = { 'org/name@main': { commit: FIRST } };
    const models = new PinnedModels(hub(answers));
    expect(models.of(job({ source }))?.shape).toBeUndefined();
    answers['org/name@main'] = { commit: FIRST, ...(shape && { shape }) };
    expect(models.of(job({ source }))?.shape).toBe(shape);
  });
});

import { describe, expect, it } from 'vitest';
import { ApiError } from '../errors.js';
import { EventRecorder } from './event-recorder.js';
import { FakeClock } from './fake-clock.js';
import type { KubeObject, ObjectRef, Resource } from './resource.js';

type Event = KubeObject & { reason: string; message: string; count: number };

/** Keeps Events as the API server would. */
function fakeEvents() {
  const stored = new Map<string, Event>();
  return {
    stored,
    list: () => [...stored.values()],
    client: {
      createUnread: async (_resource: Resource, object: KubeObject): Promise<void> => {
        stored.set(object.metadata.name, object as unknown as Event);
      },
      mergePatch: async <T extends KubeObject>(
        _resource: Resource,
        ref: ObjectRef,
        patch: unknown,
      ): Promise<T> => {
        const known = stored.get(ref.name);
        if (known === undefined) throw new ApiError('expired', 404, 'NotFound');
        Object.assign(known, patch);
        return known as unknown as T;
      },
    },
  };
}

const job: KubeObject = {
  apiVersion: 'v1',
  kind: 'Job',
  metadata: { name: 'j', namespace: 'default', uid: 'u' },
};

describe('EventRecorder', () => {
  it('raises the count of an event that comes again', async () => {
    const events = fakeEvents();
    const recorder = new EventRecorder(events.client, { component: 'test', clock: new FakeClock() });
    for (let i = 0; i < 3; i++) recorder.record(job, 'Normal', 'Admitted', 'two workers');
    await recorder.flush();
    expect(events.list()).toMatchObject([{ reason: 'Admitted', count: 3 }]);
  });

  it('begins anew when the event has expired', async () => {
    const events = fakeEvents();
    const clock = new FakeClock();
    const recorder = new EventRecorder(events.client, { component: 'test', clock });
    recorder.record(job, 'Normal', 'Admitted', 'two workers');
    await recorder.flush();
    events.stored.clear();
    clock.advance(1000);
    recorder.record(job, 'Normal', 'Admitted', 'two workers');
    await recorder.flush();
    expect(events.list()).toMatchObject([{ count: 1 }]);
  });

  it('combines more than ten that differ in the message alone', async () => {
    const events = fakeEvents();
    const recorder = new EventRecorder(events.client, { component: 'test', clock: new FakeClock() });
    for (let i = 0; i < 20; i++) recorder.record(job, 'Warning', 'WorkerFailed', `worker ${i}`);
    await recorder.flush();
    expect(events.list()).toHaveLength(11);
    expect(events.list().at(-1)).toMatchObject({
      message: '(combined from similar events): worker 19',
      count: 10,
    });
  });

  it('silences an object that causes too many, and hears it again later', async () => {
    const events = fakeEvents();
    const clock = new FakeClock();
    const recorder = new EventRecorder(events.client, { component: 'test', clock });
    for (let i = 0; i < 100; i++) recorder.record(job, 'Normal', `Reason${i}`, 'x');
    recorder.record({ ...job, metadata: { ...job.metadata, uid: 'other' } }, 'Normal', 'Heard', 'x');
    await recorder.flush();
    expect(events.list()).toHaveLength(26);
    clock.advance(300_000);
    recorder.record(job, 'Normal', 'Later', 'x');
    await recorder.flush();
    expect(events.list()).toHaveLength(27);
  });

  it('writes events of one object in order, and does not let one object wait for another', async () => {
    const answers: (() => void)[] = [];
    const begun: string[] = [];
    const slow = {
      ...fakeEvents().client,
      createUnread: (_resource: Resource, object: KubeObject): Promise<void> => {
        const { involvedObject, reason } = object as unknown as Event & { involvedObject: { name: string } };
        begun.push(`${involvedObject.name} ${reason}`);
        return new Promise((resolve) => answers.push(resolve));
      },
    };
    const recorder = new EventRecorder(slow, { component: 'test', clock: new FakeClock() });
    const named = (name: string) => ({ ...job, metadata: { ...job.metadata, name, uid: name } });
    for (const name of ['a', 'b', 'c', 'd'])
      for (const reason of ['Admitted', 'Training']) recorder.record(named(name), 'Normal', reason, 'x');
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    await settled();
    expect(begun).toEqual(['a Admitted', 'b Admitted', 'c Admitted', 'd Admitted']);
    for (const answer of answers.splice(0)) answer();
    await settled();
    expect(begun.slice(4)).toEqual(['a Training', 'b Training', 'c Training', 'd Training']);
    for (const answer of answers.splice(0)) answer();
    await recorder.flush();
  });

  it('goes on after an event that could not be written', async () => {
    const events = fakeEvents();
    const errors: unknown[] = [];
    const failing = { ...events.client, createUnread: () => Promise.reject(new ApiError('no', 500, '')) };
    const recorder = new EventRecorder(failing, {
      component: 'test',
      clock: new FakeClock(),
      onError: (error) => errors.push(error),
    });
    recorder.record(job, 'Normal', 'A', 'x');
    recorder.record(job, 'Normal', 'B', 'x');
    await recorder.flush();
    expect(errors).toHaveLength(2);
  });
});

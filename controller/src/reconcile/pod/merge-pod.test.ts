import { describe, expect, it } from 'vitest';
import { mergePod } from './merge-pod.js';

describe('strategic merge', () => {
  const pod = {
    metadata: { labels: { a: '1', b: '2' } },
    spec: {
      containers: [
        {
          name: 'trainer',
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '2' },
          ],
          ports: [{ name: 'metrics', containerPort: 9095 }],
        },
      ],
      volumes: [{ name: 'scratch', emptyDir: { medium: '' } }],
      tolerations: [{ key: 'one' }],
    },
  };

  it('merges lists by their keys, in place, and appends what is new', () => {
    const { spec } = mergePod(pod, {
      spec: {
        containers: [
          { name: 'sidecar', image: 'x' },
          {
            name: 'trainer',
            image: 'mine',
            env: [
              { name: 'B', value: '3' },
              { name: 'C', value: '4' },
            ],
            ports: [{ containerPort: 9095, protocol: 'TCP' }],
          },
        ],
      },
    });
    expect(spec.containers).toEqual([
      {
        name: 'trainer',
        image: 'mine',
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '3' },
          { name: 'C', value: '4' },
        ],
        ports: [{ name: 'metrics', containerPort: 9095, protocol: 'TCP' }],
      },
      { name: 'sidecar', image: 'x' },
    ]);
  });

  it('replaces lists without a key, and the source of a volume', () => {
    const { spec } = mergePod(pod, {
      spec: {
        tolerations: [{ key: 'two' }],
        volumes: [{ name: 'scratch', persistentVolumeClaim: { claimName: 'c' } }],
      },
    });
    expect(spec.tolerations).toEqual([{ key: 'two' }]);
    expect(spec.volumes).toEqual([{ name: 'scratch', persistentVolumeClaim: { claimName: 'c' } }]);
  });

  it('merges maps, and leaves its target as it was', () => {
    const before = structuredClone(pod);
    expect(mergePod(pod, { metadata: { labels: { b: '3', c: '4' } } }).metadata.labels).toEqual({
      a: '1',
      b: '3',
      c: '4',
    });
    expect(pod).toEqual(before);
  });
});

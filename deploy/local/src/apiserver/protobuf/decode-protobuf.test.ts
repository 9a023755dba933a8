import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatusError } from '../status-error.js';
import { decodeProtobuf } from './decode-protobuf.js';

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];
const block = (field: number, content: Buffer | string): Buffer => {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([...varint((field << 3) | 2), ...varint(bytes.length)]), bytes]);
};
const number = (field: number, value: number): Buffer =>
  Buffer.from([...varint(field << 3), ...varint(value)]);
const body = (apiVersion: string, kind: string, raw: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from('k8s\0'),
    block(1, Buffer.concat([block(1, apiVersion), block(2, kind)])),
    block(2, raw),
  ]);

const metadata = Buffer.concat([
  block(1, 'web'),
  block(2, ''),
  block(11, Buffer.concat([block(1, 'app'), block(2, 'x')])),
]);
const container = Buffer.concat([
  block(1, 'main'),
  block(3, 'sh'),
  block(3, '-c'),
  block(8, block(1, Buffer.concat([block(1, 'cpu'), block(2, block(1, '500m'))]))),
]);
const template = Buffer.concat([block(1, metadata), block(2, block(2, container))]);
const deployment = body(
  'apps/v1',
  'Deployment',
  Buffer.concat([block(1, metadata), block(2, Buffer.concat([number(1, 0), block(3, template)]))]),
);

describe('decodeProtobuf', () => {
  it('reads nested messages, lists, maps and quantities; a pointer to 0 is kept, an empty string is not', () => {
    expect(decodeProtobuf(deployment)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', labels: { app: 'x' } },
      spec: {
        replicas: 0,
        template: {
          metadata: { name: 'web', labels: { app: 'x' } },
          spec: {
            containers: [{ name: 'main', command: ['sh', '-c'], resources: { limits: { cpu: '500m' } } }],
          },
        },
      },
    });
  });

  it('refuses kinds without a table with 415', () => {
    expect(() => decodeProtobuf(body('v1', 'Unheard', Buffer.alloc(0)))).toThrow(
      expect.objectContaining({ code: 415 }),
    );
  });

  it('refuses what it would lose, but not a status', () => {
    const pod = (spec: Buffer): Buffer =>
      body('v1', 'Pod', Buffer.concat([block(2, spec), block(3, block(1, 'Pending'))]));
    expect(decodeProtobuf(pod(block(18, '')))).toEqual({ apiVersion: 'v1', kind: 'Pod', spec: {} });
    const affinity = 18;
    expect(() => decodeProtobuf(pod(block(affinity, block(1, 'x'))))).toThrow(
      expect.objectContaining({
        code: 415,
        message: expect.stringContaining('field 18 of PodSpec') as string,
      }),
    );
  });

  it('answers damaged bodies with a status, whatever they are', () => {
    const damaged = fc
      .tuple(fc.nat(deployment.length), fc.nat(deployment.length - 1), fc.nat(255))
      .map(([length, at, byte]) => {
        const copy = Buffer.from(deployment.subarray(0, length));
        if (at < copy.length) copy[at] = byte;
        return copy;
      });
    fc.assert(
      fc.property(damaged, (bytes) => {
        try {
          decodeProtobuf(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(StatusError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

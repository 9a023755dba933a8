import { messageOf } from '../../errors.js';
import type { IncomingMessage } from 'node:http';
import { parse as parseYaml } from 'yaml';
import { isObject, type JsonObject } from '../json.js';
import { decodeProtobuf } from '../protobuf/decode-protobuf.js';
import { badRequest, StatusError, unsupportedMedia } from '../status-error.js';

/** Largest body taken, in bytes: etcd's limit with some room. */
export const maxBodyBytes = 3 * 1024 * 1024;

/** Reads a whole body; throws StatusError 413 when it is too large. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  // Listeners, not an async iterator: every write comes through here, and an iterator costs as much as parsing.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBodyBytes) chunks.push(chunk);
      // Most clients read the answer only when they have sent everything; what is too much is read and dropped.
      else if (size > 10 * maxBodyBytes) request.destroy();
    });
    request.on('end', () => {
      if (size > maxBodyBytes) {
        const message = `the request body is larger than ${maxBodyBytes} bytes`;
        reject(new StatusError(413, 'RequestEntityTooLarge', message));
      } else resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    });
    request.on('error', reject);
    request.on('close', () => reject(new Error('the request broke off')));
  });
}

export function mediaType(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

/** Parses JSON or YAML by media type; throws StatusError 400 or 415. */
export function parseBody(bytes: Buffer, type: string): unknown {
  if (type === 'application/vnd.kubernetes.protobuf') return decodeProtobuf(bytes);
  if (type.includes('protobuf') || type === 'application/cbor') {
    throw unsupportedMedia(
      `the media type ${type} is not supported; this server reads JSON, YAML and Kubernetes protobuf`,
    );
  }
  const text = bytes.toString('utf8');
  const isYaml = type.includes('yaml');
  try {
    if (isYaml && !/^\s*\{/.test(text)) return parseYaml(text, { maxAliasCount: 100 }) as unknown;
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw badRequest(`couldn't read the body as ${isYaml ? 'YAML' : 'JSON'}: ${messageOf(error)}`);
  }
}

/** As parseBody, for bodies that must be objects. */
export function parseObject(bytes: Buffer, type: string): JsonObject {
  const value = parseBody(bytes, type);
  if (!isObject(value)) throw badRequest('the body must be a JSON object');
  return value;
}

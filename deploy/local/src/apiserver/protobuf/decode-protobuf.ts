import { isObject, type JsonObject } from '../json.js';
import { kubeTime } from '../kube-object.js';
import { badRequest, unsupportedMedia } from '../status-error.js';
import { fieldTable } from './field-tables.js';

/** Reads the protobuf wire format. Every method throws StatusError 400 on a truncated message. */
class Reader {
  position = 0;
  constructor(private readonly bytes: Buffer) {}

  get done(): boolean {
    return this.position >= this.bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.position];
      if (byte === undefined) break;
      this.position += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw badRequest('the protobuf body is truncated');
  }

  block(): Buffer {
    const length = Number(this.varint());
    const end = this.position + length;
    if (length < 0 || end > this.bytes.length) throw badRequest('the protobuf body is truncated');
    const part = this.bytes.subarray(this.position, end);
    this.position = end;
    return part;
  }

  skip(wireType: number): void {
    if (wireType === 0) this.varint();
    else if (wireType === 2) this.block();
    else if (wireType === 1 || wireType === 5) this.position += wireType === 1 ? 8 : 4;
    else throw badRequest(`the protobuf body has the wire type ${wireType}`);
  }
}

const magic = Buffer.from('k8s\0', 'latin1');
const maxDepth = 32;

/**
 * Decodes a body of `application/vnd.kubernetes.protobuf` into what the JSON form would have said. Throws StatusError
 * 400 for a damaged body and 415 for a kind without a field table: clients then have to send JSON.
 */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, 4).equals(magic))
    throw badRequest('the protobuf body does not begin with the Kubernetes magic bytes');
  const envelope = new Reader(body.subarray(4));
  let raw: Buffer | undefined;
  let apiVersion = '';
  let kind = '';
  while (!envelope.done) {
    const tag = Number(envelope.varint());
    if (tag === (1 << 3) + 2) {
      const type = new Reader(envelope.block());
      while (!type.done) {
        const inner = Number(type.varint());
        const text = type.block().toString('utf8');
        if (inner >> 3 === 1) apiVersion = text;
        else kind = text;
      }
    } else if (tag === (2 << 3) + 2) raw = envelope.block();
    else envelope.skip(tag & 7);
  }
  if (!fieldTable(kind)) {
    throw unsupportedMedia(
      `${apiVersion} ${kind} cannot be read as protobuf by this server; send application/json`,
    );
  }
  return { ...message(raw ?? Buffer.alloc(0), kind, 0), apiVersion, kind };
}

function message(bytes: Buffer, type: string, depth: number): JsonObject {
  const table = fieldTable(type);
  if (!table || depth > maxDepth) throw badRequest(`the protobuf body cannot be read at ${type}`);
  const reader = new Reader(bytes);
  const result: JsonObject = {};
  while (!reader.done) {
    const tag = Number(reader.varint());
    const field = table.get(tag >> 3);
    if (!field) passOver(reader, tag, type, depth);
    else readField(reader, tag & 7, field.name, field.type, result, depth);
  }
  return result;
}

/** What the server sets itself: the status of an object, and an object's managed fields. */
const isOurs = (number: number, type: string, depth: number): boolean =>
  (depth === 0 && number === (type === 'SelfSubjectReview' ? 2 : 3)) ||
  (type === 'ObjectMeta' && number === 17);

/** Skips a field without a row in the table; throws 415 when it says something that would be lost. */
function passOver(reader: Reader, tag: number, type: string, depth: number): void {
  const number = tag >> 3;
  const wireType = tag & 7;
  const empty = wireType === 0 ? reader.varint() === 0n : wireType === 2 && reader.block().length === 0;
  if (wireType !== 0 && wireType !== 2) reader.skip(wireType);
  if (empty || isOurs(number, type, depth)) return;
  throw unsupportedMedia(
    `field ${number} of ${type} cannot be read as protobuf by this server; send application/json`,
  );
}

function readField(
  reader: Reader,
  wireType: number,
  name: string,
  type: string,
  into: JsonObject,
  depth: number,
): void {
  if (wireType !== 0 && wireType !== 2)
    throw badRequest(`the protobuf body has the wire type ${wireType} at ${name}`);
  const raw = wireType === 0 ? reader.varint() : reader.block();
  if (name === '' && typeof raw !== 'bigint') {
    Object.assign(into, message(raw, type, depth + 1));
  } else if (type.startsWith('[]')) {
    const item = scalarOrMessage(raw, type.slice(2), depth);
    const list = into[name];
    if (Array.isArray(list)) list.push(item);
    else into[name] = [item];
  } else if (type.startsWith('{}') && typeof raw !== 'bigint') {
    const entry = mapEntry(raw, type.slice(2), depth);
    const map = into[name];
    if (isObject(map)) map[entry.key] = entry.value;
    else into[name] = { [entry.key]: entry.value };
  } else {
    const value = scalarOrMessage(raw, type, depth);
    // Go clients write empty strings and zeros of fields that are not set.
    const absent =
      value === undefined || (value === '' && type === 'string') || (value === 0 && type === 'int0');
    if (!absent) into[name] = value;
  }
}

function mapEntry(bytes: Buffer, type: string, depth: number): { key: string; value: unknown } {
  const reader = new Reader(bytes);
  let key = '';
  let value: unknown = type === 'string' || type === 'bytes' ? '' : {};
  while (!reader.done) {
    const tag = Number(reader.varint());
    const raw = (tag & 7) === 0 ? reader.varint() : reader.block();
    if (tag >> 3 === 1) key = raw.toString();
    else value = scalarOrMessage(raw, type, depth);
  }
  return { key, value };
}

function scalarOrMessage(raw: bigint | Buffer, type: string, depth: number): unknown {
  if (typeof raw === 'bigint') return type === 'bool' ? raw !== 0n : Number(raw);
  switch (type) {
    case 'string':
      return raw.toString('utf8');
    case 'bytes':
      return raw.toString('base64');
    case 'time': {
      const { 1: seconds } = numbered(raw);
      return typeof seconds === 'bigint' && seconds > 0n ? kubeTime(Number(seconds) * 1000) : undefined;
    }
    case 'quantity':
      return numbered(raw)[1]?.toString() ?? '0';
    case 'int-or-string': {
      const { 1: kind, 2: number, 3: text } = numbered(raw);
      return kind === 1n ? (text?.toString() ?? '') : Number(number ?? 0n);
    }
    default:
      return message(raw, type, depth + 1);
  }
}

/** Fields of a small message by number, undecoded. */
function numbered(bytes: Buffer): Record<number, bigint | Buffer> {
  const reader = new Reader(bytes);
  const result: Record<number, bigint | Buffer> = {};
  while (!reader.done) {
    const tag = Number(reader.varint());
    result[tag >> 3] = (tag & 7) === 0 ? reader.varint() : reader.block();
  }
  return result;
}

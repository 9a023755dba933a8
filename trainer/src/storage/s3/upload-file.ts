import { open, stat } from 'node:fs/promises';
import { XMLBuilder } from 'fast-xml-parser';
import type { S3Client } from './client.js';

export interface UploadOptions {
  /** Files up to this size go in one request. Bytes. */
  readonly partBytes: number;
}

/** Small enough to be sent again after a failure, large enough that few files have more than one. */
export const DEFAULT_UPLOAD: UploadOptions = { partBytes: 16 * 1024 * 1024 };
/** Most parts that the protocol allows. */
const MOST_PARTS = 10_000;
const PARTS_AT_ONCE = 3;

/** Sends a file as one object: it appears when it is complete, whatever happens. Every part carries its sha256. */
export async function uploadFile(
  client: S3Client,
  key: string,
  path: string,
  options: UploadOptions = DEFAULT_UPLOAD,
): Promise<void> {
  const { size } = await stat(path);
  const partBytes = Math.max(options.partBytes, Math.ceil(size / MOST_PARTS));
  const file = await open(path, 'r');
  const part = async (index: number): Promise<Uint8Array> => {
    const length = Math.min(partBytes, size - index * partBytes);
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await file.read(buffer, 0, length, index * partBytes);
    if (bytesRead !== length) throw new Error(`${path} became shorter while it was sent`);
    return buffer;
  };
  try {
    if (size <= partBytes) {
      await drain(client.ask({ method: 'PUT', key, body: await part(0) }));
    } else {
      await uploadParts(client, key, Math.ceil(size / partBytes), part);
    }
  } finally {
    await file.close();
  }
}

async function uploadParts(
  client: S3Client,
  key: string,
  count: number,
  part: (index: number) => Promise<Uint8Array>,
): Promise<void> {
  await abortOthers(client, key);
  const begun = await client.askXml(
    { method: 'POST', key, query: { uploads: '' } },
    'InitiateMultipartUploadResult',
  );
  const uploadId = String(begun['UploadId']);
  const etags: string[] = [];
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const query = { partNumber: String(index + 1), uploadId };
      const response = await client.ask({ method: 'PUT', key, query, body: await part(index) });
      await response.body?.cancel();
      etags[index] = response.headers.get('etag') ?? '';
    }
  };
  try {
    await Promise.all(Array.from({ length: PARTS_AT_ONCE }, sender));
    const Part = etags.map((ETag, index) => ({ PartNumber: index + 1, ETag }));
    const body = Buffer.from(new XMLBuilder().build({ CompleteMultipartUpload: { Part } }));
    await client.askXml({ method: 'POST', key, query: { uploadId }, body }, 'CompleteMultipartUploadResult');
  } catch (error) {
    next = count;
    await drain(client.ask({ method: 'DELETE', key, query: { uploadId } })).catch(() => undefined);
    throw error;
  }
}

/** What a writer that died left unfinished is paid for until it is ended; and one that lives on unnoticed must not finish. */
async function abortOthers(client: S3Client, key: string): Promise<void> {
  const found = await client.askXml(
    { method: 'GET', key: '', query: { uploads: '', prefix: key } },
    'ListMultipartUploadsResult',
  );
  for (const upload of (found['Upload'] ?? []) as Record<string, string>[]) {
    const uploadId = upload['UploadId'] ?? '';
    if (upload['Key'] === key) await drain(client.ask({ method: 'DELETE', key, query: { uploadId } }));
  }
}

async function drain(response: ReturnType<S3Client['ask']>): Promise<void> {
  await (await response).body?.cancel();
}

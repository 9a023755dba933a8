import type { FineTuneJob } from '../api/index.js';
import { ApiError, ForeignObjectError } from '../errors.js';
import type { KubeClient, KubeObject, Resource } from '../kube/index.js';
import { isAlreadyExists } from '../kube/index.js';

export interface OwnedObject {
  readonly resource: Resource;
  /** Its only owner is the job. */
  readonly object: KubeObject;
  readonly job: FineTuneJob;
  /** Top-level fields to set in one that is there, such as `spec` or `data`. */
  readonly fields: readonly string[];
}

/**
 * Creates an object of a job, or brings the fields of the one that is there up to date, if it is the job's: its first
 * owner is the job. Whether it is, the API server tests as part of the write itself, so that no permission to read is
 * needed (Secrets of teams are nobody's business), and nothing can change in between. Server-side apply was no choice:
 * it joins fields to whatever bears the name, by force or where the fields do not meet, and the job's owner reference
 * would delete it with the job.
 * @throws ForeignObjectError for an object of the same name that is not the job's; it stays as it is
 */
export async function writeOwned(
  client: KubeClient,
  { resource, object, job, fields }: OwnedObject,
): Promise<void> {
  const { name, namespace } = object.metadata;
  try {
    await client.createUnread(resource, object);
    return;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  const values = object as unknown as Readonly<Record<string, unknown>>;
  try {
    await client.jsonPatch(resource, { name, namespace }, [
      { op: 'test', path: '/metadata/ownerReferences/0/uid', value: job.metadata.uid },
      ...fields.map((field) => ({ op: 'replace' as const, path: `/${field}`, value: values[field] })),
    ]);
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 422 && error.status !== 400)) throw error;
    throw new ForeignObjectError(
      `${resource.kind} ${namespace}/${name} was written by somebody else: delete it, or rename the job`,
      { cause: error },
    );
  }
}

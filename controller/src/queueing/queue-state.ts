/** A queue as the scheduler sees it. */
export interface QueueState {
  readonly name: string;
  readonly quotas: readonly FlavorQuota[];
  readonly cohort?: string | undefined;
  readonly weight: number;
  readonly stopPolicy: 'none' | 'hold' | 'holdAndDrain';
  /** Absent: every namespace. */
  readonly namespaces?: readonly string[] | undefined;
  /** Labels that a namespace must have. */
  readonly namespaceLabels?: Readonly<Record<string, string>> | undefined;
}

export interface FlavorQuota {
  readonly flavor: string;
  readonly nominal: number;
  readonly borrowingLimit?: number | undefined;
  readonly lendingLimit?: number | undefined;
}

/** Of the GPUs that a queue uses, those that are not its own. */
export const beyondNominal = (used: number, nominal: number): number => Math.max(0, used - nominal);

/** Whether jobs of a namespace may use the queue. */
export function admitsNamespace(
  queue: QueueState,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): boolean {
  const { namespaces, namespaceLabels } = queue;
  if (namespaces === undefined && namespaceLabels === undefined) return true;
  if (namespaces?.includes(namespace) === true) return true;
  return (
    namespaceLabels !== undefined &&
    Object.entries(namespaceLabels).every(([key, value]) => labels[key] === value)
  );
}

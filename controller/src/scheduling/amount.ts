/** An amount of a resource in the units of requests, for people: 4 cpu, 32.0 GiB memory. */
export function describeAmount(resource: string, amount: number): string {
  if (resource === 'cpu') return `${Number((amount / 1000).toFixed(3))} cpu`;
  const isBytes =
    resource === 'memory' || resource === 'ephemeral-storage' || resource.startsWith('hugepages-');
  return `${isBytes ? gibibytes(amount) : amount} ${resource}`;
}

export const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

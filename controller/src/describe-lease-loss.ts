/** Why a leader stopped: somebody took the lease, or its own renewals came too late, when nobody else need be acting. */
export function describeLeaseLoss(identity: string, holder: string): string {
  if (holder !== identity && holder !== '') return 'the lease is lost: another controller acts now';
  return (
    'the lease could not be renewed in time, so this controller stops acting: ' +
    'look whether the API server answers, and whether this process gets enough CPU'
  );
}

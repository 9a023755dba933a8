/** Who makes a request. */
export interface User {
  name: string;
  uid?: string;
  groups: string[];
}

export const admin: User = { name: 'tuneyard-admin', groups: ['system:masters', 'system:authenticated'] };
export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

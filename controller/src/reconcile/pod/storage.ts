import type { FineTuneJobSpec } from '../../api/index.js';

/** Where a trainer finds the claims of pvc:// addresses, by name. */
const CLAIMS_FOLDER = '/mnt/claims';
/** Where it finds the Secrets that its job names for addresses, by name. */
const SECRETS_FOLDER = '/var/run/tuneyard/secrets';

/** Claims and Secrets behind the addresses of a job, as the pod mounts them. */
export interface JobStorage {
  readonly volumes: readonly object[];
  readonly mounts: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly: boolean;
  }[];
}

/** Tell the trainer where they are. */
export const STORAGE_VARIABLES = [
  { name: 'TUNEYARD_CLAIMS', value: CLAIMS_FOLDER },
  { name: 'TUNEYARD_SECRETS', value: SECRETS_FOLDER },
];

/** What is only read is mounted so. Secrets are volumes, so that renewed ones reach a running pod. */
export function storageOf(spec: FineTuneJobSpec): JobStorage {
  const { model, dataset, method, output, training } = spec;
  const lora = method?.lora;
  const sources = [
    { uri: model.source, secretRef: model.secretRef },
    ...dataset.sources,
    { uri: lora?.initFrom, secretRef: lora?.initFromSecretRef },
  ];
  const destinations = [output, { ...training?.checkpoint }];
  const writable = new Set(destinations.flatMap(({ uri }) => claimOf(uri)));
  const claims = new Set([...writable, ...sources.flatMap(({ uri }) => claimOf(uri))]);
  const secrets = new Set(
    [...sources, ...destinations].flatMap(({ secretRef }) =>
      secretRef === undefined ? [] : [secretRef.name],
    ),
  );
  const claimVolumes = [...claims].sort().map((claimName, index) => ({
    name: `tuneyard-claim-${index}`,
    persistentVolumeClaim: { claimName },
    mountPath: `${CLAIMS_FOLDER}/${claimName}`,
    readOnly: !writable.has(claimName),
  }));
  const secretVolumes = [...secrets].sort().map((secretName, index) => ({
    name: `tuneyard-secret-${index}`,
    // Missing, it is the trainer that says so, with the field that names it; the pod would only hang.
    secret: { secretName, optional: true, defaultMode: 0o440 },
    mountPath: `${SECRETS_FOLDER}/${secretName}`,
    readOnly: true,
  }));
  const all = [...claimVolumes, ...secretVolumes];
  return {
    volumes: all.map(({ mountPath: _path, readOnly: _mode, ...volume }) => volume),
    mounts: all.map(({ name, mountPath, readOnly }) => ({ name, mountPath, readOnly })),
  };
}

function claimOf(uri: string | undefined): string[] {
  const claim = /^pvc:\/\/([^/]+)/.exec(uri ?? '')?.[1];
  return claim === undefined ? [] : [claim];
}

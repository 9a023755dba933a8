import type { TrainerConfig } from '@tuneyard/proto';
import { fetchSource, type FetchContext, type Wanted } from './fetch-source.js';

/** A job whose inputs are on this machine. */
export interface LocalJob {
  /** The configuration as the job has it. */
  readonly asked: TrainerConfig;
  /** The same, with addresses of local files and folders in place of all others. */
  readonly local: TrainerConfig;
  /** Names the content of what was fetched as model and adapter; '' where it was local before. */
  readonly versions: readonly string[];
}

/**
 * Makes everything that a job reads available on this machine: base model, data, and the adapter that it starts from.
 * @throws UserError, TransferError, ResourceError as {@link fetchSource}
 */
export async function fetchInputs(asked: TrainerConfig, context: FetchContext): Promise<LocalJob> {
  const fetch = (wanted: Omit<Wanted, 'revision'> & { revision?: string }) =>
    fetchSource({ revision: '', ...wanted }, context);
  const { model, dataset, method } = asked;
  const local: TrainerConfig = { ...asked };
  const versions: string[] = [];
  if (model) {
    const { source: uri, revision, secret } = model;
    const found = await fetch({ uri, revision, secret, purpose: 'model', field: 'model.source' });
    local.model = { ...model, source: found.uri };
    versions.push(found.version);
  }
  if (dataset) {
    const sources: typeof dataset.sources = [];
    for (const [index, source] of dataset.sources.entries()) {
      const field = `dataset.sources[${index}].uri`;
      const found = await fetch({ uri: source.uri, secret: source.secret, purpose: 'data', field });
      sources.push({ ...source, uri: found.uri });
    }
    local.dataset = { ...dataset, sources };
  }
  if (method?.lora && method.lora.initFrom !== '') {
    const { initFrom: uri, initFromSecret: secret } = method.lora;
    const found = await fetch({ uri, secret, purpose: 'adapter', field: 'method.lora.initFrom' });
    local.method = { ...method, lora: { ...method.lora, initFrom: found.uri } };
    versions.push(found.version);
  }
  return { asked, local, versions };
}

import type { DatasetConfig } from '@tuneyard/proto';
import { UserError } from '../errors.js';
import type { RowInspector } from './inspection/row-inspector.js';
import type { PreparedData } from './prepared-data.js';
import { RowCollector } from './row-collector.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * Reads, checks, cleans, divides and tokenizes the sources of a job. Rows are streamed; only token ids stay.
 * @param inspector sees every row that is kept
 * @throws UserError for a file that cannot be read, a line that is no JSON object (file:line), or no usable row.
 */
export async function prepareData(
  config: DatasetConfig,
  tokenizer: Tokenizer,
  inspector?: RowInspector,
): Promise<PreparedData> {
  if (config.sources.length === 0)
    throw new UserError('dataset.sources is empty; name at least one data file.');
  if (config.maxLength < 2) throw new UserError('dataset.maxLength must be at least 2 tokens.');
  const collector = new RowCollector(config, tokenizer, inspector);
  for (const source of config.sources) await collector.addSource(source);
  return collector.finish();
}

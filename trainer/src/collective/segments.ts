/** Elements of a vector that one member finishes, start .. end - 1. */
export interface Segment {
  readonly start: number;
  readonly end: number;
}

/** A message carries at most 1 MiB of f32. */
export const CHUNK_ELEMENTS = 262_144;
/** Up to this length everybody sends everything to everybody: one message each way instead of two. */
export const REPLICATED_ELEMENTS = 8192;
/** Segments start at whole cache lines. */
const ALIGNMENT = 16;

/** By rank: the segment whose sum the member finishes. All are the whole vector when `replicated`. */
export function segmentsOf(length: number, size: number): readonly Segment[] {
  if (isReplicated(length)) return Array.from({ length: size }, () => ({ start: 0, end: length }));
  const each = ALIGNMENT * Math.ceil(length / size / ALIGNMENT);
  return Array.from({ length: size }, (_, rank) => ({
    start: Math.min(rank * each, length),
    end: Math.min((rank + 1) * each, length),
  }));
}

export function isReplicated(length: number): boolean {
  return length <= REPLICATED_ELEMENTS;
}

/** Pieces of a segment that fit into one message each. */
export function chunksOf(segment: Segment): Segment[] {
  const chunks: Segment[] = [];
  for (let start = segment.start; start < segment.end; start += CHUNK_ELEMENTS)
    chunks.push({ start, end: Math.min(start + CHUNK_ELEMENTS, segment.end) });
  return chunks;
}

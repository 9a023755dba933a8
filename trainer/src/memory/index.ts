export { assertFitsHeap } from './fits-heap.js';
export { HeapMeter, type BytesByPart } from './heap-meter.js';
export { memoryReport, type MemoryReport, type ReportedJob } from './memory-report.js';
export { PassRecorder, type MeasuredPass } from './pass-recorder.js';
export { shapeOfModel, workloadOf } from './workload-of.js';
